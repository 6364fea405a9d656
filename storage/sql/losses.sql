SELECT trace_hi, trace_lo, generation FROM losses
