WITH held AS (
    SELECT DISTINCT trace_hi, trace_lo, correlation_id FROM {rows} WHERE correlation_id IS NOT NULL
)
SELECT DISTINCT trace_hi, trace_lo, key, value
FROM held
JOIN (FROM correlation WHERE {within}) USING (correlation_id)
ORDER BY ALL
