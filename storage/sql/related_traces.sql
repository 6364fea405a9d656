-- Joins on numbers only. A key that very many traces have ("1", a constant) would pull in
-- everything and says nothing: it connects nothing. Nor do links to no trace at all.
WITH carriers AS (
    SELECT DISTINCT key_hash, trace_hi, trace_lo
    FROM keys
    SEMI JOIN named USING (key_hash)
    WHERE {within_keys}
),
cold AS (
    SELECT key_hash FROM carriers GROUP BY key_hash HAVING count(*) <= $hot_key_limit
)
SELECT trace_hi, trace_lo FROM wanted
UNION
SELECT trace_hi, trace_lo FROM carriers SEMI JOIN cold USING (key_hash)
UNION
SELECT linked_trace_hi, linked_trace_lo
FROM links
SEMI JOIN wanted USING (trace_hi, trace_lo)
WHERE {within} AND (linked_trace_hi > 0 OR linked_trace_lo > 0)
UNION
SELECT links.trace_hi, links.trace_lo
FROM links
SEMI JOIN wanted
    ON links.linked_trace_hi = wanted.trace_hi AND links.linked_trace_lo = wanted.trace_lo
WHERE {within}
