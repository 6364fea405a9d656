SELECT * EXCLUDE (number) FROM resources SEMI JOIN found USING (resource_id)
