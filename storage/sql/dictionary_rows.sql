SELECT
    (SELECT count(*) FROM resources)
    + (SELECT count(*) FROM scopes)
    + (SELECT count(*) FROM shapes) AS rows
