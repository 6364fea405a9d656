-- Roots stored before `settled_before` are settled; `settled_only` leaves out the others.
-- first() and not arg_min(): a null version is an answer too.
SELECT
    * EXCLUDE (newest),
    newest.cause_title, newest.cause_confidence, newest.cause_fix, newest.evidence,
    newest.trace_hi, newest.trace_lo, newest.span_id
FROM (
    SELECT
        {key},
        count(*) AS count,
        count(*) FILTER (stored_at_unix_nano < $settled_before) AS settled_count,
        min(start_time_unix_nano) AS first_seen_unix_nano,
        max(start_time_unix_nano) AS last_seen_unix_nano,
        first(service_version ORDER BY start_time_unix_nano, trace_hi, trace_lo, span_id)
            AS since_version,
        first({{
            'cause_title': cause_title, 'cause_confidence': cause_confidence,
            'cause_fix': cause_fix, 'evidence': evidence,
            'trace_hi': trace_hi, 'trace_lo': trace_lo, 'span_id': span_id
        }} ORDER BY start_time_unix_nano DESC, trace_hi, trace_lo, span_id) AS newest
    FROM orphans
    WHERE NOT hidden AND (NOT $settled_only OR stored_at_unix_nano < $settled_before)
    GROUP BY ALL
)
ORDER BY count DESC, {order}
