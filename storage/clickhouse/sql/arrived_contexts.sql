-- flags: 0x100 says that 0x200 tells whether the context is remote.
WITH recent AS (
    SELECT
        trace_hi, trace_lo, span_id, parent_span_id, resource_id, kind, flags,
        trace_state, start_time_unix_nano,
        arrayZip(
            `links.apart_hi`, `links.apart_lo`, `links.linked_span_id`, `links.flags`,
            `links.trace_state`
        ) AS links
    FROM spans
    WHERE generation BETWEEN $first AND $last
)
SELECT contexts.*, environment, service_namespace, service_name, tells
FROM (
    SELECT
        trace_hi, trace_lo, span_id, resource_id, start_time_unix_nano,
        'parent' AS relation,
        trace_hi AS target_hi, trace_lo AS target_lo,
        assumeNotNull(parent_span_id) AS target_span_id,
        flags, trace_state
    FROM recent
    WHERE parent_span_id IS NOT NULL
        AND if(bitAnd(flags, 256) = 256, bitAnd(flags, 512) = 512, kind IN (2, 5))
    UNION DISTINCT
    SELECT
        trace_hi, trace_lo, span_id, resource_id, start_time_unix_nano,
        'link',
        bitXor(trace_hi, link.1) AS linked_trace_hi, bitXor(trace_lo, link.2) AS linked_trace_lo,
        link.3, link.4, link.5
    FROM recent
    ARRAY JOIN links AS link
    WHERE bitAnd(link.4, 768) <> 256
        AND (linked_trace_hi > 0 OR linked_trace_lo > 0) AND link.3 > 0
) AS contexts
JOIN (
    SELECT resource_id, max(bitAnd(flags, 1)) = 1 AS tells FROM recent GROUP BY resource_id
) AS tellers ON tellers.resource_id = contexts.resource_id
JOIN resources ON resources.resource_id = contexts.resource_id
ORDER BY
    start_time_unix_nano DESC, trace_hi, trace_lo, span_id, relation,
    target_hi, target_lo, target_span_id, flags, trace_state NULLS FIRST
LIMIT $limit
