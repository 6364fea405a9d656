-- In two steps for the reason given in spans_of.sql; an end at a time, because only a join
-- of one end is told the range of the ids.
WITH chosen AS MATERIALIZED (
    SELECT rowid AS chosen_row
    FROM connection_rows
    SEMI JOIN wanted ON consumer_trace_hi = trace_hi AND consumer_trace_lo = trace_lo
    WHERE $consumer AND {within}
    UNION ALL
    SELECT rowid
    FROM connection_rows
    SEMI JOIN wanted ON producer_trace_hi = trace_hi AND producer_trace_lo = trace_lo
    WHERE $producer AND {within}
)
SELECT *
FROM connections
WHERE place IN (SELECT chosen_row FROM chosen)
ORDER BY consumer_start_time_unix_nano,
    consumer_trace_hi, consumer_trace_lo, consumer_span_id,
    producer_trace_hi, producer_trace_lo, producer_span_id, rule
