-- No sum of times: they may be as large as their type. Joined by parts of time of the length
-- `within`, of which only the one of the send and the one before can hold its requests.
WITH asked AS (
    SELECT DISTINCT number AS resource_number, start_time_unix_nano AS sent
    FROM sends
    JOIN resources USING (resource_id)
),
parts AS (
    SELECT resource_number, sent, sent // $within - back AS part
    FROM asked, (VALUES (0), (1)) AS before(back)
),
running AS (
    SELECT
        trace_hi,
        trace_lo,
        row_number() OVER (
            PARTITION BY spans.resource_number, sent, kind
            ORDER BY start_time_unix_nano DESC, trace_hi, trace_lo, span_id
        ) AS place
    FROM spans
    JOIN parts
        ON spans.resource_number = parts.resource_number
        AND start_time_unix_nano // $within = part
    WHERE kind IN (2, 5)
        AND start_time_unix_nano BETWEEN $first - $within AND $last
        AND sent - start_time_unix_nano BETWEEN 0 AND $within
        AND sent - (start_time_unix_nano + duration_nano) <= $after
)
SELECT DISTINCT trace_hi, trace_lo FROM running WHERE place <= $latest
