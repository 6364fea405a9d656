SELECT
    toInt64(count()) AS spans,
    toInt64(countIf(generation > $analysed)) AS pending_spans
FROM spans
