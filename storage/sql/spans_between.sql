-- In the order in which they were stored.
SELECT
    arrived.* EXCLUDE (place, duration_nano),
    start_time_unix_nano + duration_nano AS end_time_unix_nano,
    resource_id, scope_id
FROM (
    SELECT *, rowid AS place FROM spans WHERE generation > $after AND generation <= $upto
) AS arrived
JOIN resources ON resources.number = resource_number
JOIN scopes ON scopes.number = scope_number
ORDER BY place
