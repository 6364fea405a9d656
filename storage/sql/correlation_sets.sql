SELECT DISTINCT correlation_id, key, value FROM correlation WHERE {chosen} AND {within}
