SELECT answered AS number, count(*) AS rows
FROM (
    SELECT answered FROM endpoint_rows WHERE answered > $after
    UNION ALL
    SELECT answered FROM connection_rows WHERE answered > $after
    UNION ALL
    SELECT answered FROM orphans WHERE answered > $after
)
GROUP BY answered
ORDER BY answered
