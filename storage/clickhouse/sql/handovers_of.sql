SELECT {columns}
FROM connections
WHERE confidence >= 0.8
    AND (producer_trace_hi, producer_trace_lo, producer_span_id)
        IN (SELECT trace_hi, trace_lo, span_id FROM sends)
