SELECT {columns}
FROM connections
SEMI JOIN sends
    ON producer_trace_hi = trace_hi AND producer_trace_lo = trace_lo AND producer_span_id = span_id
WHERE confidence >= 0.8 AND {within}
