-- Owned by the consumer's trace.
DELETE FROM connections USING wanted
WHERE connections.consumer_trace_hi = wanted.trace_hi AND connections.consumer_trace_lo = wanted.trace_lo
    AND {within}
