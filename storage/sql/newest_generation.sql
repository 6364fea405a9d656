SELECT greatest(generation, (SELECT coalesce(max(generation), 0) FROM spans)) AS generation
FROM state
