-- Of one kind; those of several are put together, so that all are read by one statement. Few
-- columns: with more rows than 50, DuckDB reads all it tells of whatever it looks at.
(
    SELECT
        {kind}::BIGINT AS kind, trace_hi, trace_lo, span_id, start_time_unix_nano, shape_number
    FROM endpoint_rows
    WHERE {chosen}
    ORDER BY start_time_unix_nano DESC, trace_hi, trace_lo, span_id
    LIMIT $per_kind
)
