-- With `bared` attributes the texts are not read at all.
SELECT
    * EXCLUDE (stored_at_unix_nano, duration_nano) {bared},
    start_time_unix_nano + duration_nano AS end_time_unix_nano
FROM {rows}
ORDER BY trace_hi, trace_lo, start_time_unix_nano, span_id, content_hash
