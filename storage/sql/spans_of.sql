-- First which rows, by the ids alone, then only those rows: joined directly, DuckDB
-- would read and unpack the attribute texts of the whole table (ten times the time at
-- two million spans). With `bared` attributes the texts are not read at all.
WITH chosen AS MATERIALIZED (
    SELECT rowid AS chosen_row FROM spans SEMI JOIN wanted USING (trace_hi, trace_lo) WHERE {within}
),
found AS (
    SELECT
        * EXCLUDE (stored_at_unix_nano, duration_nano) {bared},
        start_time_unix_nano + duration_nano AS end_time_unix_nano
    FROM spans
    WHERE rowid IN (SELECT chosen_row FROM chosen)
)
SELECT found.*, resource_id, scope_id
FROM found
JOIN resources ON resources.number = resource_number
JOIN scopes ON scopes.number = scope_number
ORDER BY trace_hi, trace_lo, start_time_unix_nano, span_id, content_hash
