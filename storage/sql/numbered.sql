SELECT * FROM {table} WHERE {chosen}
