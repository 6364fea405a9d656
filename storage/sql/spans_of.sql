-- With `bared` attributes they are not read at all: they are most of the bytes.
SELECT * EXCLUDE (generation, stored_at_unix_nano) {bared}
FROM spans
SEMI JOIN wanted USING (trace_hi, trace_lo)
ORDER BY trace_hi, trace_lo, start_time_unix_nano, span_id, content_hash
