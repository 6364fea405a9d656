-- The analysed generation comes in as a value and not from `state`: only then min and
-- max of the row groups tell that no span of most of them is pending.
SELECT
    (SELECT count(*) FROM spans) AS spans,
    (SELECT count(*) FROM spans WHERE generation > $analysed_generation) AS pending_spans,
    greatest(generation, (SELECT coalesce(max(generation), 0) FROM spans)) AS generation,
    $analysed_generation AS analysed_generation
FROM state
