WITH carriers AS (
    SELECT key_hash, trace_hi, trace_lo, min(generation) AS generation
    FROM keys
    SEMI JOIN hot USING (key_hash)
    WHERE generation <= $upto AND {within_keys}
    GROUP BY ALL
),
heated AS (
    SELECT key_hash
    FROM carriers
    GROUP BY key_hash
    HAVING count(*) > $hot_key_limit
        AND count(*) FILTER (generation <= $after) <= $hot_key_limit
)
SELECT DISTINCT trace_hi, trace_lo
FROM carriers
SEMI JOIN heated USING (key_hash)
WHERE generation <= $after
