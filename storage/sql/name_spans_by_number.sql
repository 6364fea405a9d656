INSERT INTO {table} BY NAME
SELECT part.* EXCLUDE ({dropped}), spans.span_number
FROM old_{table} AS part
JOIN spans USING (trace_hi, trace_lo, span_id, content_hash, generation)
WHERE part.generation > $after AND part.generation <= $upto
    AND spans.generation > $after AND spans.generation <= $upto
ORDER BY span_number
