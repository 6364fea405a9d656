(
    SELECT *
    FROM {table}
    WHERE {within}
        AND CASE WHEN {end}trace_lo IN ({lows}) THEN true END
        AND CASE WHEN {inside} THEN true END
) AS {table}
