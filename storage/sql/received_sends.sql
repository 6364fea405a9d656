-- With the hand-overs of each, which are looked for only where answers of their traces are.
WITH received AS (
    SELECT
        producer_trace_hi AS trace_hi, producer_trace_lo AS trace_lo,
        producer_span_id AS span_id,
        consumer_trace_hi, consumer_trace_lo, consumer_span_id,
        consumer_start_time_unix_nano, wait_nano,
        consumer_environment, consumer_service_namespace,
        system AS consumer_system, destination AS consumer_destination,
        scope AS consumer_scope, consumer_service_name, consumer_group
    FROM connections
    SEMI JOIN sends
        ON producer_trace_hi = sends.trace_hi AND producer_trace_lo = sends.trace_lo
            AND producer_span_id = sends.span_id
    WHERE confidence >= 0.8 AND {within}
)
SELECT sends.*, received.* EXCLUDE (trace_hi, trace_lo, span_id)
FROM sends
LEFT JOIN received USING (trace_hi, trace_lo, span_id)
