-- In two steps for the reason given in spans_of.sql.
WITH chosen AS MATERIALIZED (
    SELECT rowid AS chosen_row FROM messaging SEMI JOIN wanted USING (trace_hi, trace_lo) WHERE {within}
)
SELECT messaging.*, shape_id
FROM messaging
JOIN shapes ON shapes.number = shape_number
WHERE messaging.rowid IN (SELECT chosen_row FROM chosen)
