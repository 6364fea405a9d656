-- Those that are remembered, and those of the endpoints that are about to be deleted.
SELECT count() AS found
FROM (
    SELECT {key} FROM past_facts
    UNION DISTINCT
    SELECT {key} FROM endpoints WHERE generation <= $generation
)
