-- The newest sends of each kind. First when the oldest of them began, which costs a fraction
-- of holding whole rows; then, of the few since, those.
WITH kinds AS (
    SELECT {kind}, list_min(max(start_time_unix_nano, $per_kind)) AS since
    FROM endpoints
    WHERE role = 'send' AND NOT error AND destination IS NOT NULL AND {placed}
    GROUP BY {kind}
    HAVING count(*) > 1
    ORDER BY count(*) DESC, {order}
    LIMIT $kinds
),
newest AS (
    SELECT
        {each},
        max(
            {{
                'start_time_unix_nano': start_time_unix_nano,
                'trace_hi': trace_hi,
                'trace_lo': trace_lo,
                'span_id': span_id,
                'end_time_unix_nano': end_time_unix_nano
            }},
            $per_kind
        ) AS sends
    FROM endpoints
    JOIN kinds ON {alike} AND start_time_unix_nano >= since
    WHERE role = 'send' AND NOT error
    GROUP BY ALL
)
SELECT newest.* EXCLUDE (sends), send.*
FROM newest, unnest(sends) AS each (send)
