-- The newest sends of each kind and their hand-overs. First when the oldest of them began,
-- which costs a fraction of holding whole rows; then, of the few since, those.
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
),
sends AS (
    SELECT newest.* EXCLUDE (sends), send.*
    FROM newest, unnest(sends) AS each (send)
),
received AS (
    SELECT
        producer_trace_hi AS trace_hi, producer_trace_lo AS trace_lo,
        producer_span_id AS span_id,
        consumer_trace_hi, consumer_trace_lo, consumer_span_id,
        consumer_start_time_unix_nano, wait_nano,
        consumer_environment, consumer_service_namespace,
        system AS consumer_system, destination AS consumer_destination,
        scope AS consumer_scope, consumer_service_name, consumer_group
    FROM connections
    SEMI JOIN sends
        ON producer_trace_hi = sends.trace_hi AND producer_trace_lo = sends.trace_lo
            AND producer_span_id = sends.span_id
    WHERE confidence >= 0.8
)
SELECT sends.*, received.* EXCLUDE (trace_hi, trace_lo, span_id)
FROM sends
LEFT JOIN received USING (trace_hi, trace_lo, span_id)
