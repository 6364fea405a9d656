WITH carriers AS (
    SELECT key_hash, trace_hi, trace_lo, min(held.generation) AS since
    FROM keys AS held
    WHERE key_hash IN (SELECT key_hash FROM hot) AND held.generation <= $upto
    GROUP BY key_hash, trace_hi, trace_lo
)
SELECT DISTINCT trace_hi, trace_lo
FROM carriers
WHERE since <= $after AND key_hash IN (
    SELECT key_hash
    FROM carriers
    GROUP BY key_hash
    HAVING count() > $hot_key_limit AND countIf(since <= $after) <= $hot_key_limit
)
