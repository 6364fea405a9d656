INSERT INTO spans BY NAME
SELECT *, $generation::UBIGINT AS generation, $stored_at::BIGINT AS stored_at_unix_nano
FROM incoming_spans
