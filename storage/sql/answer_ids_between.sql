-- Whatever answers are looked up by.
SELECT trace_lo AS id FROM endpoints WHERE answered > $after AND answered <= $upto
UNION
SELECT consumer_trace_lo FROM connections WHERE answered > $after AND answered <= $upto
UNION
SELECT producer_trace_lo FROM connections WHERE answered > $after AND answered <= $upto
UNION
SELECT trace_lo FROM orphans WHERE answered > $after AND answered <= $upto
