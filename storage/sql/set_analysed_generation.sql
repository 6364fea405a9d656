-- Notes that generations got this far, too (create_state.sql).
UPDATE state
SET analysed_generation = $generation, generation = greatest(generation, $generation)
