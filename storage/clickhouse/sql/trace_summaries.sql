-- The root is the earliest span whose parent the store does not hold; in a cycle of
-- parents, the earliest.
SELECT
    trace_hi, trace_lo,
    root.1 AS root_name, root.2 AS root_service_name,
    service_names, span_count, error_count, first_start AS start_time_unix_nano,
    last_end AS end_time_unix_nano
FROM (
    SELECT
        trace_hi, trace_lo,
        argMin(
            (name, service_name),
            (has_parent, start_time_unix_nano, span_id, content_hash)
        ) AS root,
        arraySort(groupUniqArray(service_name)) AS service_names,
        count(*) AS span_count,
        countIf(status_code = 2) AS error_count,
        min(start_time_unix_nano) AS first_start,
        max(end_time_unix_nano) AS last_end
    FROM (
        SELECT
            trace_hi, trace_lo, span_id, content_hash, name, status_code,
            start_time_unix_nano, end_time_unix_nano, service_name,
            (trace_hi, trace_lo, parent_span_id) IN (
                SELECT trace_hi, trace_lo, span_id
                FROM spans
                WHERE (trace_hi, trace_lo) IN (SELECT trace_hi, trace_lo FROM wanted)
            ) AS has_parent
        FROM spans
        LEFT JOIN resources ON resources.resource_id = spans.resource_id
        WHERE (trace_hi, trace_lo) IN (SELECT trace_hi, trace_lo FROM wanted)
    )
    GROUP BY trace_hi, trace_lo
)
ORDER BY start_time_unix_nano DESC, trace_hi, trace_lo
