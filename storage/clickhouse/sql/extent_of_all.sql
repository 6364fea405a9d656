-- A trace at a time, in the order of the table: the memory for it does not grow with the store.
SELECT
    toInt64(count()) AS traces,
    toInt64(sum(held)) AS spans,
    minOrNull(oldest) AS oldest,
    maxOrNull(newest) AS newest
FROM (
    SELECT
        trace_hi, trace_lo,
        count() AS held,
        min(start_time_unix_nano) AS oldest,
        max(end_time_unix_nano) AS newest
    FROM spans
    GROUP BY trace_hi, trace_lo
)
SETTINGS optimize_aggregation_in_order = 1
