(consumer_start_time_unix_nano < $after_start
OR (consumer_start_time_unix_nano = $after_start
    AND (consumer_trace_hi, consumer_trace_lo, consumer_span_id,
        producer_trace_hi, producer_trace_lo, producer_span_id, rule)
    > ($after_consumer_trace_hi::UBIGINT, $after_consumer_trace_lo::UBIGINT,
        $after_consumer_span_id::UBIGINT, $after_producer_trace_hi::UBIGINT,
        $after_producer_trace_lo::UBIGINT, $after_producer_span_id::UBIGINT,
        $after_rule::VARCHAR)))
