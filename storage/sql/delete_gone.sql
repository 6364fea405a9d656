DELETE FROM {table} USING gone
WHERE {table}.{prefix}trace_hi = gone.trace_hi
    AND {table}.{prefix}trace_lo = gone.trace_lo
    AND {table}.{prefix}span_id = gone.span_id
