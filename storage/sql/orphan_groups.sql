-- The earliest and the newest root of a group by their row ids: an ordered aggregate would
-- hold the texts of all roots in memory. Each side is counted by group and bucket first,
-- then by group. Null is a value like any other of a group.
WITH chosen AS NOT MATERIALIZED (
    SELECT *, rowid AS root
    FROM orphans
    WHERE ($hidden OR NOT hidden)
        AND ($cause::VARCHAR IS NULL OR cause_code = $cause)
        AND ($service::VARCHAR IS NULL OR service_name = $service)
        AND ($destination::VARCHAR IS NULL OR destination = $destination)
        AND ($expected::BOOLEAN IS NULL OR expected = $expected)
        AND ($settled::BOOLEAN IS NULL OR (stored_at_unix_nano < $settled_before) = $settled)
        AND ($start::BIGINT IS NULL OR start_time_unix_nano >= $start)
        AND ($end::BIGINT IS NULL OR start_time_unix_nano < $end)
),
broken AS (
    SELECT
        {key},
        CASE WHEN start_time_unix_nano >= $first AND start_time_unix_nano < $past
            THEN (start_time_unix_nano - $first) // $size END AS bucket,
        count(*) AS count,
        count(*) FILTER (stored_at_unix_nano < $settled_before) AS settled_count,
        min(start_time_unix_nano) AS first_seen,
        max(start_time_unix_nano) AS last_seen,
        arg_min(root, (start_time_unix_nano, trace_hi, trace_lo, span_id)) AS earliest,
        arg_min(root, (-(start_time_unix_nano::HUGEINT), trace_hi, trace_lo, span_id)) AS newest
    FROM chosen
    GROUP BY ALL
),
groups AS (
    SELECT
        {key},
        sum(count)::BIGINT AS count,
        sum(settled_count)::BIGINT AS settled_count,
        min(first_seen) AS first_seen,
        max(last_seen) AS last_seen,
        arg_min(earliest, first_seen) AS earliest,
        arg_max(newest, last_seen) AS newest,
        map_from_entries(list((bucket, count)) FILTER (bucket IS NOT NULL)) AS by_bucket
    FROM broken
    GROUP BY {key}
),
told AS MATERIALIZED (
    SELECT
        row_number() OVER () AS number,
        groups.*,
        (last_seen // 2 - first_seen // 2) // 128 + 1 AS cell_size,
        first_root.service_version AS first_service_version,
        first_root.scope_version AS first_scope_version,
        last_root.trace_hi, last_root.trace_lo, last_root.span_id
    FROM groups
    JOIN orphans AS first_root ON first_root.rowid = groups.earliest
    JOIN orphans AS last_root ON last_root.rowid = groups.newest
),
-- The time from the first root to the last in 128 cells; halved, so that nothing overflows.
cells AS (
    SELECT number, (chosen.start_time_unix_nano // 2 - first_seen // 2) // cell_size AS cell,
        count(*) AS count
    FROM chosen
    JOIN told ON {same}
    GROUP BY ALL
),
-- What the deliveries beside a group say (of all the rows of a shape at once), and which of
-- them say the same of versions.
shapes AS MATERIALIZED (
    SELECT
        delivery.number AS shape_number, told.number, first_seen, last_seen, cell_size,
        service_version, scope_version, first_service_version, first_scope_version,
        dense_rank() OVER (ORDER BY told.number, service_version, scope_version) AS kind
    FROM endpoint_shapes AS delivery
    JOIN told ON {alike}
        AND (told.producer_service_name IS NULL
            OR delivery.producer_service_name = told.producer_service_name)
    WHERE role = 'process' AND relation IN ('parent', 'link')
),
-- By what lies before, between and after the roots: far cheaper than to count under conditions.
parts AS MATERIALIZED (
    SELECT
        kind,
        number,
        CASE WHEN start >= $first AND start < $past
            THEN (start - $first) // $size END AS bucket,
        CASE WHEN start >= first_seen AND start <= last_seen
            THEN (start // 2 - first_seen // 2) // cell_size END AS cell,
        (start >= first_seen)::TINYINT + (start > last_seen)::TINYINT AS side,
        count(*) AS count,
        min(start) AS first_start,
        max(start) AS last_start
    FROM (SELECT shape_number, start_time_unix_nano AS start FROM endpoint_rows)
    JOIN shapes USING (shape_number)
    WHERE ($start::BIGINT IS NULL OR start >= $start)
        AND ($end::BIGINT IS NULL OR start < $end)
    GROUP BY ALL
),
near AS (
    SELECT
        number,
        sum(cells.count - 1)::BIGINT AS near_broken,
        sum(beside.count)::BIGINT AS near_connected
    FROM cells
    LEFT JOIN (
        SELECT number, cell, sum(count) AS count FROM parts GROUP BY ALL
    ) AS beside USING (number, cell)
    GROUP BY number
),
connected AS (
    SELECT
        number,
        sum(count)::BIGINT AS count,
        coalesce(sum(count) FILTER (side = 0), 0)::BIGINT AS before,
        coalesce(sum(count) FILTER (side = 2), 0)::BIGINT AS after,
        min(first_start) FILTER (side = 2) AS healed_since,
        max((last_start, service_version))
            FILTER (side = 0 AND service_version <> '')[2] AS good_service_version,
        max((last_start, scope_version))
            FILTER (side = 0 AND scope_version <> '')[2] AS good_scope_version,
        sum(count) FILTER (side = 0 AND service_version = first_service_version)::BIGINT
            AS same_service_version,
        sum(count) FILTER (side = 0 AND scope_version = first_scope_version)::BIGINT
            AS same_scope_version
    FROM parts
    JOIN (
        SELECT DISTINCT
            kind, number,
            service_version, scope_version, first_service_version, first_scope_version
        FROM shapes
    ) USING (kind, number)
    GROUP BY number
),
trends AS (
    SELECT number, map_from_entries(list((bucket, count))) AS by_bucket
    FROM (
        SELECT number, bucket, sum(count)::BIGINT AS count
        FROM parts
        WHERE bucket IS NOT NULL
        GROUP BY ALL
    )
    GROUP BY number
)
SELECT
    {shown},
    told.count,
    settled_count,
    first_seen AS first_seen_unix_nano,
    last_seen AS last_seen_unix_nano,
    trace_hi, trace_lo, span_id,
    first_service_version, first_scope_version,
    coalesce(before, 0) AS connected_before,
    coalesce(connected.count - before - after, 0) AS connected_between,
    coalesce(after, 0) AS connected_after,
    near_broken,
    coalesce(near_connected, 0) AS near_connected,
    healed_since AS healed_since_unix_nano,
    good_service_version, good_scope_version,
    coalesce(same_service_version, 0) AS same_service_version,
    coalesce(same_scope_version, 0) AS same_scope_version,
    [coalesce(told.by_bucket[n], 0) FOR n IN range($buckets)] AS trend_broken,
    [coalesce(trends.by_bucket[n], 0) FOR n IN range($buckets)] AS trend_connected
FROM told
JOIN near USING (number)
LEFT JOIN connected USING (number)
LEFT JOIN trends USING (number)
ORDER BY told.count DESC, {order}
