SELECT DISTINCT trace_hi, trace_lo, key, value
FROM held
JOIN (FROM correlation WHERE {within}) USING (correlation_id)
ORDER BY ALL
