SELECT
    greatest(generation, (SELECT coalesce(max(generation), 0) FROM spans)) AS generation,
    analysed_generation
FROM state
