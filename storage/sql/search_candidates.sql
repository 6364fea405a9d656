-- Traces by their newest span that is asked for, of those that began from `floor` on and stand
-- behind the mark. What the page shows of them is read for these few. Start times are bounded
-- by plain comparisons, so that DuckDB skips rows by its ranges.
SELECT trace_hi, trace_lo, max(start_time_unix_nano) AS newest
FROM spans {joins}
WHERE {conditions}
    AND start_time_unix_nano >= $floor
    AND start_time_unix_nano <= $after_start
    AND ($after_trace_hi::UBIGINT IS NULL OR start_time_unix_nano < $after_start
        OR (trace_hi, trace_lo) > ($after_trace_hi::UBIGINT, $after_trace_lo::UBIGINT))
GROUP BY trace_hi, trace_lo
ORDER BY newest DESC, trace_hi, trace_lo
LIMIT $limit
