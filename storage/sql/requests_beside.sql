WITH asked AS (
    SELECT DISTINCT number AS resource_number, start_time_unix_nano AS sent
    FROM sends
    JOIN resources USING (resource_id)
),
running AS (
    SELECT
        trace_hi,
        trace_lo,
        row_number() OVER (
            PARTITION BY resource_number, sent
            ORDER BY start_time_unix_nano DESC, trace_hi, trace_lo, span_id
        ) AS place
    FROM spans
    JOIN asked USING (resource_number)
    WHERE kind = 2
        AND start_time_unix_nano BETWEEN $first - $within AND $last
        AND sent BETWEEN start_time_unix_nano AND start_time_unix_nano + $within
        AND sent <= start_time_unix_nano + duration_nano + $after
)
SELECT DISTINCT trace_hi, trace_lo FROM running WHERE place <= $latest
