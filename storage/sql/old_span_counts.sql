SELECT generation, count(*) AS spans FROM old_spans GROUP BY generation ORDER BY generation
