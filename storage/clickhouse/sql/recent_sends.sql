-- The newest sends of each kind. First when the oldest of them began, so that only the few
-- since are sorted.
WITH kinds AS (
    SELECT {kind}, bitNot(arrayMax(groupArraySorted({per_kind})(bitNot(start_time_unix_nano)))) AS since
    FROM endpoints
    WHERE role = 'send' AND NOT error AND destination IS NOT NULL AND {placed}
    GROUP BY {kind}
    HAVING count(*) > 1
    ORDER BY count(*) DESC, {order}
    LIMIT $kinds
)
SELECT
    {each}, endpoints.trace_hi AS trace_hi, endpoints.trace_lo AS trace_lo,
    endpoints.span_id AS span_id, endpoints.start_time_unix_nano AS start_time_unix_nano,
    endpoints.end_time_unix_nano AS end_time_unix_nano
FROM endpoints
JOIN kinds ON {alike}
WHERE role = 'send' AND NOT error AND start_time_unix_nano >= since
ORDER BY
    start_time_unix_nano DESC, trace_hi DESC, trace_lo DESC, span_id DESC, end_time_unix_nano DESC
LIMIT {per_kind} BY {each}
