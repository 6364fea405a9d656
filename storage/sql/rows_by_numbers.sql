(
    WITH chosen AS MATERIALIZED (
        SELECT rowid AS chosen_row
        FROM {table}
        SEMI JOIN wanted_numbers USING (span_number)
        WHERE {within}
    )
    SELECT * FROM {table} WHERE rowid IN (SELECT chosen_row FROM chosen)
) AS {table}
