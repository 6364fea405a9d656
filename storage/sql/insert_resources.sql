-- A resource is stored once: its id is a hash of its content.
INSERT INTO resources BY NAME
SELECT DISTINCT ON (resource_id) *
FROM incoming_resources
ANTI JOIN resources USING (resource_id)
