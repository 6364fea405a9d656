DELETE FROM {table} WHERE number NOT IN ({named})
