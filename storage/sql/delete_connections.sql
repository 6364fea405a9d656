-- Owned by the consumer's trace.
DELETE FROM connection_rows USING wanted
WHERE connection_rows.consumer_trace_hi = wanted.trace_hi AND connection_rows.consumer_trace_lo = wanted.trace_lo
    AND {within}
