SELECT * EXCLUDE (number) {bared} FROM scopes SEMI JOIN found USING (scope_id)
