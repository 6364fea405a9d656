-- Rows lie in the order of their generations; whole ones, the one that reaches the limit
-- included.
SELECT
    generation,
    min(stored_at_unix_nano) AS stored_at_unix_nano,
    count(*) AS spans
FROM spans
WHERE generation <= (SELECT max(generation) FROM (SELECT generation FROM spans LIMIT $spans))
GROUP BY generation
ORDER BY generation
