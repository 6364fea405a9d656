-- What sends of these kinds say, each with the place of its kind.
SELECT number, error, CASE {cases} END AS kind
FROM endpoint_shapes
WHERE role = 'send' AND kind IS NOT NULL
