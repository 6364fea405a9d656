SELECT DISTINCT trace_hi, trace_lo FROM spans WHERE span_id = $span_id
