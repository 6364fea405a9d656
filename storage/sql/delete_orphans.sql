DELETE FROM orphans USING wanted
WHERE orphans.trace_hi = wanted.trace_hi AND orphans.trace_lo = wanted.trace_lo
    AND {within}
