SELECT generation, min(stored_at_unix_nano) AS stored_at_unix_nano
FROM spans
WHERE generation IN ({generations})
GROUP BY generation
