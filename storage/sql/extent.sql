-- What the spans after a generation add to what is known of those up to it: they are
-- grouped alone, and only looked for among the others, where these may have them.
WITH arrived AS (
    SELECT
        trace_hi, trace_lo,
        count(*) AS spans,
        min(start_time_unix_nano) AS oldest,
        max(start_time_unix_nano + duration_nano) AS newest
    FROM spans
    WHERE generation > $after
    GROUP BY trace_hi, trace_lo
),
earlier AS (
    SELECT trace_hi, trace_lo FROM spans WHERE generation <= $after AND {within}
)
SELECT
    (SELECT count(*) FROM arrived ANTI JOIN earlier USING (trace_hi, trace_lo)) AS traces,
    coalesce(sum(spans), 0)::BIGINT AS spans,
    min(oldest) AS oldest,
    max(newest) AS newest
FROM arrived
