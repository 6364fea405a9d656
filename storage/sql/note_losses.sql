-- Traces that were noted before are noted again: it lasts as long as the last time says.
INSERT INTO losses
SELECT trace_hi, trace_lo, $newest::UBIGINT
FROM (SELECT DISTINCT trace_hi, trace_lo FROM touched)
SEMI JOIN spans USING (trace_hi, trace_lo)
