SELECT DISTINCT {columns}
FROM {table}
WHERE {key} IN (SELECT {key} FROM found)
