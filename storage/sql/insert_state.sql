INSERT INTO state VALUES ($schema_version, 0, 0)
