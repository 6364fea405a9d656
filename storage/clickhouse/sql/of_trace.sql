AND (consumer_trace_hi, consumer_trace_lo) IN (
    SELECT $trace_hi, $trace_lo
    UNION ALL
    SELECT consumer_trace_hi, consumer_trace_lo
    FROM connections
    WHERE producer_trace_hi = $trace_hi AND producer_trace_lo = $trace_lo
)
AND ((consumer_trace_hi = $trace_hi AND consumer_trace_lo = $trace_lo)
    OR (producer_trace_hi = $trace_hi AND producer_trace_lo = $trace_lo))
