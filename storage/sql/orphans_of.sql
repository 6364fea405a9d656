-- In two steps for the reason given in spans_of.sql.
WITH chosen AS MATERIALIZED (
    SELECT rowid AS chosen_row FROM orphans SEMI JOIN wanted USING (trace_hi, trace_lo) WHERE {within}
)
SELECT * FROM orphans WHERE rowid IN (SELECT chosen_row FROM chosen) AND ($hidden OR NOT hidden)
