SELECT * FROM {table} WHERE generation > $after AND generation <= $upto ORDER BY rowid
