SELECT * EXCLUDE (generation) FROM past_facts
