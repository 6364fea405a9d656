SELECT arrived.*, system, destination, scope, consumer_group, held.span_id IS NOT NULL AS stored
FROM arrived
LEFT JOIN (
    SELECT DISTINCT spans.trace_hi, spans.trace_lo, spans.span_id
    FROM spans
    SEMI JOIN arrived
        ON spans.trace_hi = arrived.target_hi AND spans.trace_lo = arrived.target_lo
            AND spans.span_id = arrived.target_span_id
    WHERE {within_spans}
) AS held
    ON held.trace_hi = target_hi AND held.trace_lo = target_lo AND held.span_id = target_span_id
LEFT JOIN (
    SELECT trace_hi, trace_lo, span_id, system, destination, scope, consumer_group
    FROM endpoints
    WHERE {within_answers}
) AS ends
    ON ends.trace_hi = arrived.trace_hi AND ends.trace_lo = arrived.trace_lo
        AND ends.span_id = arrived.span_id
