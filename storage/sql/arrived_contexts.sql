-- flags: 0x100 says that 0x200 tells whether the context is remote.
WITH sizes AS (
    SELECT generation, sum(count(*)) OVER (ORDER BY generation DESC) - count(*) AS newer
    FROM spans
    GROUP BY generation
),
recent AS (
    SELECT spans.*
    FROM spans
    WHERE generation >= (SELECT min(generation) FROM sizes WHERE newer < $spans)
),
tellers AS (
    SELECT resource_number, bool_or(flags & 1 = 1) AS tells FROM recent GROUP BY resource_number
),
contexts AS (
    SELECT
        child.trace_hi, child.trace_lo, child.span_id, child.resource_number,
        child.start_time_unix_nano,
        'parent' AS relation,
        child.trace_hi AS target_hi, child.trace_lo AS target_lo,
        coalesce(child.parent_span_id, parent.span_id) AS target_span_id,
        child.flags, child.trace_state
    FROM recent AS child
    LEFT JOIN recent AS parent
        ON child.parent_offset <> 0
            AND parent.span_number = child.span_number + child.parent_offset
    WHERE (child.parent_span_id IS NOT NULL OR child.parent_offset <> 0)
        AND CASE
            WHEN child.flags & 256 = 256 THEN child.flags & 512 = 512
            ELSE child.kind IN (2, 5)
        END
    UNION
    SELECT
        recent.trace_hi, recent.trace_lo, recent.span_id, resource_number, start_time_unix_nano,
        'link', linked_hi, linked_lo, linked_span_id, links.flags, links.trace_state
    FROM (
        SELECT
            *,
            coalesce(linked_trace_hi, trace_hi) AS linked_hi,
            coalesce(linked_trace_lo, trace_lo) AS linked_lo
        FROM links
    ) AS links
    JOIN recent USING (span_number)
    WHERE links.generation >= (SELECT min(generation) FROM sizes WHERE newer < $spans)
        AND links.flags & 768 <> 256
        AND (linked_hi > 0 OR linked_lo > 0) AND linked_span_id > 0
)
SELECT contexts.* EXCLUDE (resource_number), environment, service_namespace, service_name, tells
FROM contexts
JOIN tellers USING (resource_number)
JOIN resources ON resources.number = contexts.resource_number
ORDER BY
    start_time_unix_nano DESC, trace_hi, trace_lo, span_id, relation,
    target_hi, target_lo, target_span_id, flags, trace_state NULLS FIRST
LIMIT $limit
