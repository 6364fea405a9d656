-- ClickHouse reads this, too.
SELECT DISTINCT trace_hi, trace_lo FROM spans WHERE trace_lo = $trace_lo AND {within}
