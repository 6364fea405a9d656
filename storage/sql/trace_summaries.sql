-- The root is the earliest span whose parent the store does not hold; in a cycle of
-- parents, the earliest.
WITH held AS (
    SELECT s.*, r.service_name
    FROM (
        SELECT
            trace_hi, trace_lo, span_id, content_hash, parent_span_id, parent_offset,
            resource_number, name, status_code, start_time_unix_nano,
            start_time_unix_nano + duration_nano AS end_time_unix_nano
        FROM {rows}
    ) AS s
    LEFT JOIN resources AS r ON r.number = s.resource_number
),
ids AS (
    SELECT DISTINCT trace_hi, trace_lo, span_id FROM held
),
placed AS (
    SELECT h.*, ids.span_id IS NOT NULL OR parent_offset <> 0 AS has_parent
    FROM held AS h
    LEFT JOIN ids
        ON ids.trace_hi = h.trace_hi AND ids.trace_lo = h.trace_lo AND ids.span_id = h.parent_span_id
)
SELECT
    trace_hi,
    trace_lo,
    first(name ORDER BY has_parent, start_time_unix_nano, span_id, content_hash) AS root_name,
    first(service_name ORDER BY has_parent, start_time_unix_nano, span_id, content_hash)
        AS root_service_name,
    coalesce(
        list(DISTINCT service_name ORDER BY service_name) FILTER (service_name IS NOT NULL), []
    ) AS service_names,
    count(*) AS span_count,
    count(*) FILTER (status_code = 2) AS error_count,
    min(start_time_unix_nano) AS start_time_unix_nano,
    max(end_time_unix_nano) AS end_time_unix_nano
FROM placed
GROUP BY trace_hi, trace_lo
ORDER BY start_time_unix_nano DESC, trace_hi, trace_lo
