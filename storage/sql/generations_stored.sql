SELECT
    greatest(generation, (SELECT coalesce(max(generation), 0) FROM spans)) AS newest,
    (SELECT min(generation) FROM spans) AS oldest
FROM state
