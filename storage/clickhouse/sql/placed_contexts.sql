SELECT
    arrived.*, system, destination, scope, consumer_group,
    (target_hi, target_lo, target_span_id) IN (
        SELECT trace_hi, trace_lo, span_id
        FROM spans
        WHERE (trace_hi, trace_lo, span_id)
            IN (SELECT target_hi, target_lo, target_span_id FROM arrived)
    ) AS stored
FROM arrived
LEFT JOIN (
    SELECT trace_hi, trace_lo, span_id, system, destination, scope, consumer_group
    FROM endpoints
    WHERE (trace_hi, trace_lo, span_id) IN (SELECT trace_hi, trace_lo, span_id FROM arrived)
) AS ends USING (trace_hi, trace_lo, span_id)
