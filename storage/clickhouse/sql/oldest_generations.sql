-- Whole generations, the one that reaches the limit included.
SELECT generation, stored_at_unix_nano, toInt64(held) AS spans
FROM (
    SELECT
        generation, min(stored_at_unix_nano) AS stored_at_unix_nano, count() AS held,
        sum(held) OVER (ORDER BY generation) - held AS held_before
    FROM spans
    GROUP BY generation
)
WHERE held_before < $spans
ORDER BY generation
