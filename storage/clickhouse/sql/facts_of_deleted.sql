SELECT DISTINCT {key} FROM endpoints WHERE generation <= $generation
