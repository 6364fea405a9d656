-- ClickHouse reads this, too.
SELECT trace_hi, trace_lo FROM endpoints WHERE dead_letter AND role = 'process'
