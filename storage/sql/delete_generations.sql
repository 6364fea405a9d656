DELETE FROM {table} WHERE generation <= $generation
