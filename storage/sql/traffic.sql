-- ClickHouse reads this, too.
SELECT role, count(*) AS count, count(relation) AS connected FROM endpoints WHERE {on} GROUP BY role
