-- Traces by their newest span that is asked for, of those that began from `floor` on and stand
-- behind the mark. What the page shows of them is read for these few.
SELECT trace_hi, trace_lo, max(start_time_unix_nano) AS newest
FROM spans
WHERE {conditions}
    AND start_time_unix_nano >= $floor
    AND start_time_unix_nano <= $after_start
    AND ($after_trace_hi IS NULL OR start_time_unix_nano < $after_start
        OR (trace_hi, trace_lo) > ($after_trace_hi, $after_trace_lo))
GROUP BY trace_hi, trace_lo
ORDER BY newest DESC, trace_hi, trace_lo
LIMIT $limit
