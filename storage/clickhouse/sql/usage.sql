SELECT
    toInt64(sum(bytes_on_disk)) AS bytes,
    toInt64(sumIf(rows, table IN ('spans', 'spans_local'))) AS rows,
    (SELECT toInt64(count()) FROM spans) AS spans
FROM system.parts
WHERE database = $database AND active
