SELECT answered AS number, count(*) AS rows
FROM (
    SELECT answered FROM endpoints WHERE answered > $after
    UNION ALL
    SELECT answered FROM connections WHERE answered > $after
    UNION ALL
    SELECT answered FROM orphans WHERE answered > $after
)
GROUP BY answered
ORDER BY answered
