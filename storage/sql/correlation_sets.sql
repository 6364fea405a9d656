SELECT DISTINCT correlation_id, key, value FROM correlation SEMI JOIN found USING (correlation_id) WHERE {within}
