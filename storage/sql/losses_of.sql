SELECT DISTINCT trace_hi, trace_lo FROM losses SEMI JOIN wanted USING (trace_hi, trace_lo)
