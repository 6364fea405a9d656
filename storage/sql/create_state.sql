-- One row. Generations are kept here and not only on spans: they must not run
-- backwards when the newest spans are deleted.
CREATE TABLE state (
    schema_version INTEGER NOT NULL,
    generation UBIGINT NOT NULL,
    analysed_generation UBIGINT NOT NULL
)
