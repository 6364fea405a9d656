DELETE FROM endpoint_rows USING wanted
WHERE endpoint_rows.trace_hi = wanted.trace_hi AND endpoint_rows.trace_lo = wanted.trace_lo
    AND {within}
