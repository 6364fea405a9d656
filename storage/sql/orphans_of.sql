SELECT * FROM orphans SEMI JOIN wanted USING (trace_hi, trace_lo) WHERE $hidden OR NOT hidden
