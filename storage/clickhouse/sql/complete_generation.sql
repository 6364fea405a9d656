-- Whole generations, the one that reaches the limit included.
SELECT maxOrNull(generation) AS generation
FROM (
    SELECT generation, sum(spans) OVER (ORDER BY generation) - spans AS spans_before
    FROM (
        SELECT generation, count() AS spans
        FROM spans
        WHERE generation > $after AND generation <= $complete
        GROUP BY generation
    )
)
WHERE spans_before < $limit
