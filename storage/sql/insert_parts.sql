-- With the generation of their spans.
INSERT INTO {table} BY NAME
SELECT *, $generation::UBIGINT AS generation FROM incoming_{table}
