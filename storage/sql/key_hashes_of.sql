SELECT DISTINCT key_hash FROM keys SEMI JOIN wanted USING (trace_hi, trace_lo) WHERE {within}
