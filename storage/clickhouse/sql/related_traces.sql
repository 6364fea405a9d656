-- Joins on numbers only. A key that very many traces have ("1", a constant) would pull in
-- everything and says nothing: it connects nothing. Nor do links to no trace at all.
WITH carriers AS (
    SELECT DISTINCT key_hash, trace_hi, trace_lo
    FROM keys
    WHERE key_hash IN (
        SELECT key_hash FROM keys
        WHERE (trace_hi, trace_lo) IN (SELECT trace_hi, trace_lo FROM wanted)
    )
)
SELECT trace_hi, trace_lo FROM wanted
UNION DISTINCT
SELECT trace_hi, trace_lo
FROM carriers
WHERE key_hash IN (
    SELECT key_hash FROM carriers GROUP BY key_hash HAVING count() <= $hot_key_limit
)
UNION DISTINCT
SELECT bitXor(trace_hi, apart.1), bitXor(trace_lo, apart.2)
FROM spans
ARRAY JOIN arrayZip(`links.apart_hi`, `links.apart_lo`) AS apart
WHERE (trace_hi, trace_lo) IN (SELECT trace_hi, trace_lo FROM wanted)
    AND apart <> (trace_hi, trace_lo)
UNION DISTINCT
SELECT trace_hi, trace_lo
FROM linked
WHERE (linked_trace_hi, linked_trace_lo) IN (SELECT trace_hi, trace_lo FROM wanted)
