CREATE VIEW {view} AS
SELECT {columns}, answered, shape_number, {rows}.rowid AS place
FROM {rows}
JOIN {shapes} ON {shapes}.number = shape_number
