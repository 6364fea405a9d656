SELECT least(
    (SELECT min(answered) FROM endpoint_rows),
    (SELECT min(answered) FROM connection_rows),
    (SELECT min(answered) FROM orphans)
) AS answered
