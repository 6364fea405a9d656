SELECT DISTINCT trace_hi, trace_lo, correlation_id, generation
FROM {rows}
WHERE correlation_id IS NOT NULL
