SELECT * FROM {table} ORDER BY number DESC LIMIT $limit
