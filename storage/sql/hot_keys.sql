-- Counted as related_traces counts them.
WITH named AS (
    SELECT DISTINCT key_hash FROM keys SEMI JOIN wanted USING (trace_hi, trace_lo)
),
carriers AS (
    SELECT DISTINCT key_hash, trace_hi, trace_lo FROM keys SEMI JOIN named USING (key_hash)
)
SELECT key_hash FROM carriers GROUP BY key_hash HAVING count(*) > $hot_key_limit
