DELETE FROM {table} WHERE {within} AND {owned}
