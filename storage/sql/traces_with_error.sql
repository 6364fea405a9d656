-- ClickHouse reads this, too.
SELECT trace_hi, trace_lo FROM spans WHERE status_code = 2
