SELECT * FROM resources SEMI JOIN found USING (resource_id)
