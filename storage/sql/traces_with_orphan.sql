-- ClickHouse reads this, too.
SELECT trace_hi, trace_lo FROM orphans WHERE NOT hidden AND NOT expected
