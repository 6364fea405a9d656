SELECT DISTINCT trace_hi, trace_lo FROM {rows}
