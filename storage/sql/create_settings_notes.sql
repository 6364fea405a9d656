CREATE TABLE settings_notes (generation UBIGINT NOT NULL, name VARCHAR NOT NULL)
