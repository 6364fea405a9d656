-- By their producers in two steps: the other order of the table tells their consumers'
-- traces, the rows are found by those.
SELECT *
FROM connections
WHERE (consumer_trace_hi, consumer_trace_lo) IN (
        SELECT trace_hi, trace_lo FROM wanted WHERE $consumer
        UNION ALL
        SELECT consumer_trace_hi, consumer_trace_lo
        FROM connections
        WHERE $producer
            AND (producer_trace_hi, producer_trace_lo)
                IN (SELECT trace_hi, trace_lo FROM wanted)
    )
    AND ($consumer AND (consumer_trace_hi, consumer_trace_lo)
            IN (SELECT trace_hi, trace_lo FROM wanted)
        OR $producer AND (producer_trace_hi, producer_trace_lo)
            IN (SELECT trace_hi, trace_lo FROM wanted))
ORDER BY consumer_start_time_unix_nano, {order}
