-- The newest spans may be deleted: generations go on from here (create_state.sql).
UPDATE state SET generation = greatest(generation, $newest)
