WITH handovers AS ({handovers})
SELECT
    system, destination, scope,
    {figures},
    min(start) AS first_seen_unix_nano,
    max(start) AS last_seen_unix_nano,
    arraySort(groupUniqArray(producer_service_name)) AS producers,
    arraySort(groupUniqArray(consumer_service_name)) AS consumers
FROM handovers
GROUP BY system, destination, scope
ORDER BY count DESC, {order}
