-- flags: 0x100 says that 0x200 tells whether the context is remote.
WITH recent AS (
    SELECT
        trace_hi, trace_lo, span_id, content_hash, parent_span_id, resource_id, kind, flags,
        trace_state, start_time_unix_nano
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
        recent.trace_hi, recent.trace_lo, recent.span_id, resource_id, start_time_unix_nano,
        'link', linked_trace_hi, linked_trace_lo, linked_span_id, links.flags, links.trace_state
    FROM links
    JOIN recent USING (trace_hi, trace_lo, span_id, content_hash)
    WHERE links.generation BETWEEN $first AND $last
        AND bitAnd(links.flags, 768) <> 256
        AND (linked_trace_hi > 0 OR linked_trace_lo > 0) AND linked_span_id > 0
) AS contexts
JOIN (
    SELECT resource_id, max(bitAnd(flags, 1)) = 1 AS tells FROM recent GROUP BY resource_id
) AS tellers ON tellers.resource_id = contexts.resource_id
JOIN resources ON resources.resource_id = contexts.resource_id
ORDER BY
    start_time_unix_nano DESC, trace_hi, trace_lo, span_id, relation,
    target_hi, target_lo, target_span_id, flags, trace_state NULLS FIRST
LIMIT $limit
