AND ((consumer_trace_hi = $trace_hi AND consumer_trace_lo = $trace_lo)
    OR (producer_trace_hi = $trace_hi AND producer_trace_lo = $trace_lo))
