-- One row. The newest generation is that of the newest span; `generation` is where it
-- stood at the last analysis, so that it does not run backwards when the newest spans
-- are deleted. Appends must not touch this table: DuckDB does not checkpoint after a
-- transaction with an UPDATE while anyone reads, and the log would grow without end.
CREATE TABLE state (
    schema_version INTEGER NOT NULL,
    generation UBIGINT NOT NULL,
    analysed_generation UBIGINT NOT NULL
)
