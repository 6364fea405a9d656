-- A group holds the start of each of its roots, never their texts. Deliveries beside it are
-- counted by group, bucket and cell first, then by group. Null is a value like any other of a
-- group. The time from the first root to the last is 128 cells; halved, so that nothing
-- overflows.
WITH chosen AS (
    SELECT
        {key},
        trace_hi, trace_lo, span_id, service_version, scope_version,
        start_time_unix_nano AS start,
        stored_at_unix_nano < $settled_before AS settled
    FROM orphans
    WHERE ($hidden OR NOT hidden)
        AND ($cause IS NULL OR cause_code = $cause)
        AND ($service IS NULL OR service_name = $service)
        AND ($destination IS NULL OR destination = $destination)
        AND ($expected IS NULL OR expected = $expected)
        AND ($settled IS NULL OR (stored_at_unix_nano < $settled_before) = $settled)
        AND ($start IS NULL OR start_time_unix_nano >= $start)
        AND ($end IS NULL OR start_time_unix_nano < $end)
),
grouped AS (
    SELECT
        {key},
        count() AS roots,
        countIf(settled) AS settled_roots,
        min(start) AS first_seen,
        max(start) AS last_seen,
        argMin(tuple(service_version, scope_version), (start, trace_hi, trace_lo, span_id))
            AS first_versions,
        argMin((trace_hi, trace_lo, span_id), (-toInt128(start), trace_hi, trace_lo, span_id))
            AS newest,
        groupArray(start) AS starts,
        sumMapIf(map(intDiv(start - $first, $size), toInt64(1)), start >= $first AND start < $past)
            AS broken
    FROM chosen
    GROUP BY {key}
),
told AS (
    SELECT
        *,
        row_number() OVER (ORDER BY {order}) AS number,
        first_versions.1 AS first_service_version,
        first_versions.2 AS first_scope_version,
        intDiv(intDiv(last_seen, 2) - intDiv(first_seen, 2), 128) + 1 AS cell_size,
        arrayDistinct(
            arrayMap(s -> intDiv(intDiv(s, 2) - intDiv(first_seen, 2), cell_size), starts)
        ) AS cells
    FROM grouped
),
parts AS (
    SELECT
        told.number AS number,
        if(start >= $first AND start < $past, intDiv(start - $first, $size), NULL) AS bucket,
        if(start BETWEEN first_seen AND last_seen,
            intDiv(intDiv(start, 2) - intDiv(first_seen, 2), cell_size), NULL) AS cell,
        count() AS deliveries,
        countIf(start < first_seen) AS before,
        countIf(start > last_seen) AS after,
        minOrNullIf(start, start > last_seen) AS healed_since,
        maxIf((start, ifNull(delivery.service_version, '')),
            start < first_seen AND delivery.service_version <> '') AS newest_service,
        maxIf((start, ifNull(delivery.scope_version, '')),
            start < first_seen AND delivery.scope_version <> '') AS newest_scope,
        countIf(start < first_seen AND delivery.service_version = told.first_service_version)
            AS same_service,
        countIf(start < first_seen AND delivery.scope_version = told.first_scope_version)
            AS same_scope
    FROM (
        SELECT *, start_time_unix_nano AS start
        FROM endpoints
        WHERE role = 'process' AND relation IN ('parent', 'link')
            AND ($start IS NULL OR start_time_unix_nano >= $start)
            AND ($end IS NULL OR start_time_unix_nano < $end)
    ) AS delivery
    JOIN told ON {alike}
    WHERE told.producer_service_name IS NULL
        OR delivery.producer_service_name = told.producer_service_name
    GROUP BY number, bucket, cell
),
beside AS (
    SELECT
        number,
        sum(before) AS connected_before,
        sum(deliveries - before - after) AS connected_between,
        sum(after) AS connected_after,
        groupArrayIf((assumeNotNull(cell), deliveries), cell IS NOT NULL) AS by_cell,
        min(healed_since) AS healed_since_unix_nano,
        max(newest_service).2 AS good_service,
        max(newest_scope).2 AS good_scope,
        sum(same_service) AS same_service_version,
        sum(same_scope) AS same_scope_version,
        sumMapIf(map(assumeNotNull(bucket), toInt64(deliveries)), bucket IS NOT NULL) AS connected
    FROM parts
    GROUP BY number
)
SELECT
    {shown},
    told.roots AS count,
    told.settled_roots AS settled_count,
    told.first_seen AS first_seen_unix_nano,
    told.last_seen AS last_seen_unix_nano,
    told.newest.1 AS trace_hi, told.newest.2 AS trace_lo, told.newest.3 AS span_id,
    told.first_service_version AS first_service_version,
    told.first_scope_version AS first_scope_version,
    ifNull(beside.connected_before, 0) AS connected_before,
    ifNull(beside.connected_between, 0) AS connected_between,
    ifNull(beside.connected_after, 0) AS connected_after,
    length(told.starts) - length(told.cells) AS near_broken,
    arraySum(c -> if(has(told.cells, c.1), c.2, 0), beside.by_cell) AS near_connected,
    beside.healed_since_unix_nano AS healed_since_unix_nano,
    nullIf(beside.good_service, '') AS good_service_version,
    nullIf(beside.good_scope, '') AS good_scope_version,
    ifNull(beside.same_service_version, 0) AS same_service_version,
    ifNull(beside.same_scope_version, 0) AS same_scope_version,
    arrayMap(n -> told.broken[n], range($buckets)) AS trend_broken,
    arrayMap(n -> beside.connected[n], range($buckets)) AS trend_connected
FROM told
LEFT JOIN beside ON beside.number = told.number
ORDER BY count DESC, {order}
