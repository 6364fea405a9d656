SELECT greatest(
    (SELECT coalesce(max(answered), 0) FROM endpoints),
    (SELECT coalesce(max(answered), 0) FROM connections),
    (SELECT coalesce(max(answered), 0) FROM orphans)
) AS answered
