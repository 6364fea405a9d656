(
    SELECT * FROM {table} WHERE {within} AND {chosen}
) AS {table}
