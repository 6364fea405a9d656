SELECT trace_hi, trace_lo, span_id FROM spans
