-- In two steps, as in connections_of.sql: the other order of the table tells the consumers'
-- traces, the rows are found by those.
SELECT {columns}
FROM connections
WHERE confidence >= 0.8
    AND (consumer_trace_hi, consumer_trace_lo) IN (
        SELECT consumer_trace_hi, consumer_trace_lo
        FROM connections
        WHERE (producer_trace_hi, producer_trace_lo) IN (SELECT trace_hi, trace_lo FROM sends)
    )
    AND (producer_trace_hi, producer_trace_lo, producer_span_id)
        IN (SELECT trace_hi, trace_lo, span_id FROM sends)
