SELECT {columns}
FROM sends
LEFT JOIN ({handovers}) AS received
    ON producer_trace_hi = trace_hi AND producer_trace_lo = trace_lo AND producer_span_id = span_id
