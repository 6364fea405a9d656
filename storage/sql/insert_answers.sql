INSERT INTO {table} BY NAME SELECT *, $answered AS answered FROM incoming
