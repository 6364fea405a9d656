-- Of each kind the latest deliveries without a context. A spell of them is what has the same
-- delivery with one before it. Whoever does not name its destination is compared with the
-- consumer's deliveries from anywhere.
WITH kinds AS (
    SELECT
        *,
        row_number() OVER () AS kind,
        list_min(starts) AS first_cut,
        list_max(starts) AS last_cut
    FROM (
        SELECT
            {key},
            max(start_time_unix_nano, $latest) AS starts
        FROM endpoints
        WHERE role = 'process' AND (relation IS NULL OR relation = 'stitch')
        GROUP BY ALL
    )
),
beside AS (
    SELECT kind, start_time_unix_nano AS start
    FROM endpoints
    JOIN kinds
        ON endpoints.environment IS NOT DISTINCT FROM kinds.environment
        AND endpoints.service_namespace IS NOT DISTINCT FROM kinds.service_namespace
        AND endpoints.system IS NOT DISTINCT FROM kinds.system
        AND endpoints.service_name IS NOT DISTINCT FROM kinds.service_name
        AND endpoints.span_name = kinds.span_name
        AND (kinds.destination IS NULL OR endpoints.destination = kinds.destination)
    WHERE role = 'process'
        AND relation IN ('parent', 'link')
        AND start_time_unix_nano > (SELECT min(first_cut) FROM kinds)
        AND start_time_unix_nano > first_cut
),
cut AS (
    SELECT kind, unnest(starts) AS start FROM kinds
),
spells AS (
    SELECT cut.kind, count(DISTINCT beside.start) + max((beside.start IS NULL)::INTEGER) AS spells
    FROM cut
    ASOF LEFT JOIN beside ON cut.kind = beside.kind AND cut.start >= beside.start
    GROUP BY cut.kind
)
SELECT
    {key},
    len(starts)::BIGINT AS cut,
    spells::BIGINT AS spells,
    count(*) FILTER (start <= last_cut) AS between,
    count(*) FILTER (start > last_cut) AS after
FROM spells
JOIN kinds USING (kind)
JOIN beside USING (kind)
GROUP BY ALL
