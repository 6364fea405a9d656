SELECT greatest(
    (SELECT coalesce(max(answered), 0) FROM endpoint_rows),
    (SELECT coalesce(max(answered), 0) FROM connection_rows),
    (SELECT coalesce(max(answered), 0) FROM orphans)
) AS answered
