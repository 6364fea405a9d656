SELECT DISTINCT {columns}
FROM spans
ARRAY JOIN {lists} AS item
WHERE {which}
