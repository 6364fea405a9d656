-- In the order in which they were stored, and with the ids of all parents.
INSERT INTO spans BY NAME
SELECT *, rowid AS span_number, 0 AS parent_offset
FROM old_spans
WHERE generation > $after AND generation <= $upto
