-- Whatever answers are looked up by.
SELECT trace_lo AS id FROM endpoint_rows WHERE answered > $after AND answered <= $upto
UNION
SELECT consumer_trace_lo FROM connection_rows WHERE answered > $after AND answered <= $upto
UNION
SELECT producer_trace_lo FROM connection_rows WHERE answered > $after AND answered <= $upto
UNION
SELECT trace_lo FROM orphans WHERE answered > $after AND answered <= $upto
