-- In two steps for the reason given in spans_of.sql.
WITH chosen AS MATERIALIZED (
    SELECT rowid AS chosen_row FROM endpoints SEMI JOIN wanted USING (trace_hi, trace_lo) WHERE {within}
)
SELECT * FROM endpoints WHERE rowid IN (SELECT chosen_row FROM chosen)
