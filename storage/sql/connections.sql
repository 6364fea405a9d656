SELECT *
FROM connections
WHERE {conditions}
ORDER BY consumer_start_time_unix_nano DESC,
    consumer_trace_hi, consumer_trace_lo, consumer_span_id,
    producer_trace_hi, producer_trace_lo, producer_span_id, rule
LIMIT $limit
