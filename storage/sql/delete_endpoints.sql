DELETE FROM endpoints USING wanted
WHERE endpoints.trace_hi = wanted.trace_hi AND endpoints.trace_lo = wanted.trace_lo
    AND {within}
