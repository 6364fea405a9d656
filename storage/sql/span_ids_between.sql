-- Whatever rows of these generations are looked up by.
SELECT DISTINCT trace_lo AS id, generation AS number
FROM spans
WHERE generation > $after AND generation <= $upto
UNION ALL
SELECT DISTINCT linked_trace_lo, generation
FROM links
WHERE linked_trace_lo IS NOT NULL AND generation > $after AND generation <= $upto
UNION ALL
SELECT DISTINCT key_hash, generation FROM keys WHERE generation > $after AND generation <= $upto
