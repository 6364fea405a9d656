SELECT
    kinds.kind AS kind, trace_hi, trace_lo, span_id, start_time_unix_nano, error
FROM endpoints
JOIN kinds ON {alike}
WHERE role = 'send'
ORDER BY start_time_unix_nano DESC, trace_hi, trace_lo, span_id
LIMIT $per_kind BY kind
