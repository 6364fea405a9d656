-- A trace that came in several appends may have a key of each.
SELECT DISTINCT * EXCLUDE (generation) FROM {rows}
