WITH held AS (
    SELECT DISTINCT trace_hi, trace_lo, correlation_id
    FROM spans
    WHERE (trace_hi, trace_lo) IN (SELECT trace_hi, trace_lo FROM wanted)
        AND correlation_id IS NOT NULL
)
SELECT DISTINCT trace_hi, trace_lo, key, value
FROM correlation
JOIN held USING (correlation_id)
WHERE correlation_id IN (SELECT correlation_id FROM held)
ORDER BY trace_hi, trace_lo, key, value
