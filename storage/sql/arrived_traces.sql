SELECT DISTINCT trace_hi, trace_lo FROM spans WHERE generation > $after AND generation <= $upto
