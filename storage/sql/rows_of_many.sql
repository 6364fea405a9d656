(
    WITH chosen AS MATERIALIZED (
        SELECT rowid AS chosen_row
        FROM {table}
        SEMI JOIN wanted
            ON {table}.{end}trace_hi = wanted.trace_hi AND {table}.{end}trace_lo = wanted.trace_lo
        WHERE {within}
    )
    SELECT * FROM {table} WHERE rowid IN (SELECT chosen_row FROM chosen)
) AS {table}
