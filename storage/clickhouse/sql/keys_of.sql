-- A trace that came in several appends may have a key of each.
SELECT DISTINCT trace_hi, trace_lo, kind, key_hash
FROM keys
WHERE (trace_hi, trace_lo) IN (SELECT trace_hi, trace_lo FROM wanted)
