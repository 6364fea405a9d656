-- Whatever answers are looked up by.
SELECT trace_lo AS id, answered AS number
FROM endpoint_rows
WHERE answered > $after AND answered <= $upto
UNION
SELECT consumer_trace_lo, answered
FROM connection_rows
WHERE answered > $after AND answered <= $upto
UNION
SELECT producer_trace_lo, answered
FROM connection_rows
WHERE answered > $after AND answered <= $upto
UNION
SELECT trace_lo, answered FROM orphans WHERE answered > $after AND answered <= $upto
