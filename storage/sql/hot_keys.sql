-- Counted as related_traces counts them.
WITH carriers AS (
    SELECT DISTINCT key_hash, trace_hi, trace_lo
    FROM keys
    SEMI JOIN named USING (key_hash)
    WHERE {within_keys}
)
SELECT key_hash FROM carriers GROUP BY key_hash HAVING count(*) > $hot_key_limit
