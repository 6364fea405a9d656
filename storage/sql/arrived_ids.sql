SELECT DISTINCT trace_lo FROM spans WHERE generation > $after LIMIT $limit
