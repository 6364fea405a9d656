(
    SELECT * FROM {table} WHERE {within} AND CASE WHEN {chosen} THEN true END
) AS {table}
