-- What the spans after a generation add to what is known of those up to it. The others are
-- asked only for the traces that arrived.
WITH arrived AS (
    SELECT
        trace_hi, trace_lo,
        count() AS spans,
        min(start_time_unix_nano) AS oldest,
        max(end_time_unix_nano) AS newest
    FROM spans
    WHERE generation > $after
    GROUP BY trace_hi, trace_lo
)
SELECT
    toInt64(count()) - (
        SELECT toInt64(uniqExact(trace_hi, trace_lo))
        FROM spans
        WHERE generation <= $after
        AND (trace_hi, trace_lo) IN (SELECT trace_hi, trace_lo FROM arrived)
    ) AS traces,
    toInt64(sum(spans)) AS spans,
    minOrNull(oldest) AS oldest,
    maxOrNull(newest) AS newest
FROM arrived
