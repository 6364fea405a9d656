-- All copies but the first of each span that several of these appends stored.
SELECT {part}, arrayJoin(arraySlice(arraySort(groupArray(spans.generation)), 2)) AS generation
FROM spans
WHERE spans.generation IN (SELECT generation FROM appends)
GROUP BY {part}
HAVING count() > 1
