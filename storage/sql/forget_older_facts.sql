DELETE FROM past_facts
WHERE rowid NOT IN (SELECT arg_max(rowid, generation) FROM past_facts GROUP BY {key})
