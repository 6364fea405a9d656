SELECT {key}, number FROM {table} SEMI JOIN wanted USING ({key})
