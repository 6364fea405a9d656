SELECT *
FROM connections
WHERE ($consumer AND (consumer_trace_hi, consumer_trace_lo)
        IN (SELECT trace_hi, trace_lo FROM wanted))
    OR ($producer AND (producer_trace_hi, producer_trace_lo)
        IN (SELECT trace_hi, trace_lo FROM wanted))
ORDER BY consumer_start_time_unix_nano, {order}
