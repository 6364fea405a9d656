AND (trace_hi, trace_lo, span_id) NOT IN (
    SELECT consumer_trace_hi, consumer_trace_lo, consumer_span_id
    FROM connections WHERE confidence >= 0.8
    UNION ALL
    SELECT producer_trace_hi, producer_trace_lo, producer_span_id
    FROM connections WHERE confidence >= 0.8
)
