-- Counted as related_traces counts them.
SELECT key_hash
FROM (
    SELECT DISTINCT key_hash, trace_hi, trace_lo
    FROM keys
    WHERE key_hash IN (
        SELECT key_hash FROM keys
        WHERE (trace_hi, trace_lo) IN (SELECT trace_hi, trace_lo FROM wanted)
    )
)
GROUP BY key_hash
HAVING count() > $hot_key_limit
