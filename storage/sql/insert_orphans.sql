-- With the time its root was first stored: the oldest append wins, whatever the
-- clock said since.
INSERT INTO orphans BY NAME
SELECT o.*, $answered AS answered, coalesce(f.stored_at_unix_nano, 0) AS stored_at_unix_nano
FROM incoming_orphans AS o
LEFT JOIN (
    SELECT trace_hi, trace_lo, span_id, arg_min(stored_at_unix_nano, generation) AS stored_at_unix_nano
    FROM spans
    SEMI JOIN incoming_orphans USING (trace_hi, trace_lo, span_id)
    WHERE {within}
    GROUP BY ALL
) AS f USING (trace_hi, trace_lo, span_id)
