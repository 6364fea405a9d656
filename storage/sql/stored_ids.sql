-- The ids of `candidates` that are stored with any content.
SELECT DISTINCT trace_hi, trace_lo, span_id
FROM candidates
SEMI JOIN spans USING (trace_hi, trace_lo, span_id)
