-- Whole generations, the newest, until so many spans are passed.
SELECT min(generation) AS first, max(generation) AS last
FROM (
    SELECT generation, sum(spans) OVER (ORDER BY generation DESC) - spans AS newer
    FROM (SELECT generation, count(*) AS spans FROM spans GROUP BY generation)
)
WHERE newer < $spans
