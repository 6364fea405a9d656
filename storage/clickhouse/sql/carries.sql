(trace_hi, trace_lo) IN (SELECT trace_hi, trace_lo FROM keys WHERE key_hash = ${hash})
AND correlation_id IN (SELECT correlation_id FROM correlation WHERE key = ${key} AND value = ${value})
