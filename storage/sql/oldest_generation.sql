SELECT min(generation) AS generation FROM spans
