SELECT {columns}
FROM sends
LEFT JOIN (
    SELECT
        producer_trace_hi, producer_trace_lo, producer_span_id, {received}
    FROM connections
    WHERE confidence >= 0.8
        AND (producer_trace_hi, producer_trace_lo, producer_span_id)
            IN (SELECT trace_hi, trace_lo, span_id FROM sends)
) AS received
    ON producer_trace_hi = trace_hi AND producer_trace_lo = trace_lo AND producer_span_id = span_id
