-- The hash finds traces, their sets are looked through for key and value: hashes can be
-- made to collide, and to compare the texts of all sets would take longer. A key, the
-- spans that carry it and their sets are stored in one generation.
WITH chosen AS MATERIALIZED (
    SELECT rowid AS chosen_row
    FROM spans
    SEMI JOIN (
        SELECT trace_hi, trace_lo FROM keys WHERE key_hash = $key_hash AND {within}
    ) USING (trace_hi, trace_lo)
    WHERE {within}
),
held AS MATERIALIZED (
    SELECT trace_hi, trace_lo, span_id, content_hash, correlation_id
    FROM spans
    WHERE rowid IN (SELECT chosen_row FROM chosen) AND correlation_id IS NOT NULL
),
chosen_sets AS MATERIALIZED (
    SELECT rowid AS chosen_row FROM correlation SEMI JOIN held USING (correlation_id) WHERE {within}
),
sets AS (
    SELECT correlation_id
    FROM correlation
    WHERE rowid IN (SELECT chosen_row FROM chosen_sets) AND key = $key AND value = $value
)
SELECT trace_hi, trace_lo, span_id, content_hash FROM held SEMI JOIN sets USING (correlation_id)
