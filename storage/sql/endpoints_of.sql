SELECT * FROM endpoints SEMI JOIN wanted USING (trace_hi, trace_lo) WHERE {within}
