-- A scope is stored once: its id is a hash of its content.
INSERT INTO scopes BY NAME
SELECT DISTINCT ON (scope_id) *
FROM incoming_scopes
ANTI JOIN scopes USING (scope_id)
