-- One row a number. Of committed ones only the last that changed the same of the state: what
-- they say is an object, and the last one of the same keys says it all.
SELECT
    series, number,
    -- The first end counts: a later one is stored, too, when the server has forgotten its token.
    argMinIf(step, at, step IN ('committed', 'aborted')) AS ended,
    toBool(ended = 'committed') AS committed,
    toBool(ended = 'aborted') AS aborted,
    anyIf(journal.detail, step IN ('committed', 'folded')) AS detail,
    anyIf(journal.detail, step = 'claimed') AS told,
    dateDiff('millisecond', max(at), now64(3)) / 1000 AS age,
    if(countIf(step = 'claimed') = 1, anyIf(writer, step = 'claimed'), '') AS owner
FROM {table} AS journal
WHERE {which}
GROUP BY series, number
QUALIFY NOT committed
    OR row_number() OVER (
        PARTITION BY series, committed, JSONExtractKeys(detail) ORDER BY number DESC
    ) = 1
ORDER BY number
