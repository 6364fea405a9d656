SELECT * {bared} FROM {table} SEMI JOIN wanted USING (trace_hi, trace_lo)
