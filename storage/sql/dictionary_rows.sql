SELECT
    (SELECT count(*) FROM resources)
    + (SELECT count(*) FROM scopes)
    + (SELECT count(*) FROM shapes)
    + (SELECT count(*) FROM endpoint_shapes)
    + (SELECT count(*) FROM connection_shapes) AS rows
