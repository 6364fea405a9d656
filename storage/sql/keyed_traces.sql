-- A key, the spans that carry it and their sets are stored in one generation.
SELECT DISTINCT trace_hi, trace_lo, generation FROM keys WHERE key_hash = $key_hash AND {within}
