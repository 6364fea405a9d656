-- What was noted beside spans of which none is left.
DELETE FROM {table}
WHERE generation < coalesce((SELECT min(generation) FROM spans), 18446744073709551615)
