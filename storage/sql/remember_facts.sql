INSERT INTO past_facts BY NAME
SELECT DISTINCT {key}, $newest::UBIGINT AS generation
FROM endpoints
SEMI JOIN gone USING (trace_hi, trace_lo, span_id)
