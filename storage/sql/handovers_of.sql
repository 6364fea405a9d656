SELECT producer_trace_hi, producer_trace_lo, producer_span_id,
    consumer_trace_hi, consumer_trace_lo, consumer_span_id,
    consumer_start_time_unix_nano, wait_nano, shape_number
FROM connection_rows
SEMI JOIN sends
    ON producer_trace_hi = trace_hi AND producer_trace_lo = trace_lo AND producer_span_id = span_id
WHERE {within}
