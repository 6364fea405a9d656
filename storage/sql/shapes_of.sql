SELECT * EXCLUDE (number) FROM shapes SEMI JOIN found USING (shape_id)
