SELECT generation AS number, count(*) AS rows
FROM spans
WHERE generation > $after
GROUP BY generation
ORDER BY generation
