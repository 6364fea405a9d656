SELECT DISTINCT key FROM correlation ORDER BY key
