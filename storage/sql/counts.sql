-- Spans of the later generations stand together at the end of the table: min and max
-- of the row groups before them rule those out.
SELECT
    (SELECT count(*) FROM spans) AS spans,
    (SELECT count(*) FROM spans WHERE generation > (SELECT analysed_generation FROM state)) AS pending_spans,
    generation,
    analysed_generation
FROM state
