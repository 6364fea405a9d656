-- Roots stored before `settled_before` are settled; `settled_only` leaves out the others.
-- The earliest and the newest root of a group by their row ids: an ordered aggregate would
-- hold the texts of all roots in memory.
WITH groups AS (
    SELECT
        {key},
        count(*) AS count,
        count(*) FILTER (stored_at_unix_nano < $settled_before) AS settled_count,
        min(start_time_unix_nano) AS first_seen_unix_nano,
        max(start_time_unix_nano) AS last_seen_unix_nano,
        arg_min(rowid, (start_time_unix_nano, trace_hi, trace_lo, span_id)) AS earliest,
        arg_min(rowid, (-(start_time_unix_nano::HUGEINT), trace_hi, trace_lo, span_id)) AS newest
    FROM orphans
    WHERE NOT hidden AND (NOT $settled_only OR stored_at_unix_nano < $settled_before)
    GROUP BY ALL
)
SELECT *
FROM (
    SELECT
        groups.* EXCLUDE (earliest, newest),
        first_root.service_version AS since_version,
        last_root.cause_title, last_root.cause_confidence, last_root.cause_fix,
        last_root.evidence, last_root.trace_hi, last_root.trace_lo, last_root.span_id
    FROM groups
    JOIN orphans AS first_root ON first_root.rowid = earliest
    JOIN orphans AS last_root ON last_root.rowid = newest
)
ORDER BY count DESC, {order}
