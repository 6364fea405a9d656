DELETE FROM {table} WHERE number NOT IN (SELECT {named} FROM {naming})
