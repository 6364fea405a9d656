SELECT
    {key},
    coalesce(relation IN ('parent', 'link'), false) AS continues,
    groupArray(start_time_unix_nano) AS starts
FROM endpoints
WHERE role = 'process'
GROUP BY {key}, continues
