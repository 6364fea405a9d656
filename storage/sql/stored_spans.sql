-- Those of `candidates` that are stored with the same content. No time window: a
-- resent span counts as one whatever its timestamps say. A semi join stays linear
-- even if someone stored thousands of contents under one id.
SELECT trace_hi, trace_lo, span_id, content_hash
FROM candidates
SEMI JOIN spans USING (trace_hi, trace_lo, span_id, content_hash)
