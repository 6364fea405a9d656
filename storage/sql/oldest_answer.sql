SELECT least(
    (SELECT min(answered) FROM endpoints),
    (SELECT min(answered) FROM connections),
    (SELECT min(answered) FROM orphans)
) AS answered
