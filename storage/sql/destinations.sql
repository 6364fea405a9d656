WITH handovers AS ({handovers})
SELECT
    system, destination, scope,
    {figures},
    min(start) AS first_seen_unix_nano,
    max(start) AS last_seen_unix_nano,
    coalesce(
        list_sort(list(DISTINCT producer_service_name)
            FILTER (producer_service_name IS NOT NULL)), []
    ) AS producers,
    coalesce(
        list_sort(list(DISTINCT consumer_service_name)
            FILTER (consumer_service_name IS NOT NULL)), []
    ) AS consumers
FROM handovers
GROUP BY system, destination, scope
ORDER BY count DESC, {order}
