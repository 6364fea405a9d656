-- A spell of deliveries without a context is what has the same delivery with one before it.
-- Whoever does not name its destination is compared with the consumer's deliveries from anywhere.
WITH beside AS (
    SELECT kinds.kind AS kind, start_time_unix_nano AS start, start_time_unix_nano > last_cut AS later
    FROM endpoints
    JOIN kinds ON {alike}
    WHERE role = 'process'
        AND relation IN ('parent', 'link')
        AND start_time_unix_nano > first_cut
        AND (kinds.destination IS NULL OR endpoints.destination = kinds.destination)
)
SELECT
    spells.kind AS kind, spells.spells AS spells,
    counts.between AS between, counts.after AS after
FROM (
    SELECT cut.kind AS kind, count(DISTINCT beside.start) + max(beside.start IS NULL) AS spells
    FROM cut
    ASOF LEFT JOIN beside ON cut.kind = beside.kind AND cut.start >= beside.start
    GROUP BY cut.kind
) AS spells
JOIN (
    SELECT kind, countIf(NOT later) AS between, countIf(later) AS after
    FROM beside
    GROUP BY kind
) AS counts ON spells.kind = counts.kind
