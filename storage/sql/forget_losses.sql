DELETE FROM losses USING touched
WHERE losses.trace_hi = touched.trace_hi AND losses.trace_lo = touched.trace_lo
