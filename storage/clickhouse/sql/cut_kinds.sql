-- Of each kind the latest deliveries without a context, newest first.
SELECT
    {key},
    arrayMap(start -> bitNot(start), groupArraySorted({latest})(bitNot(start_time_unix_nano))) AS starts
FROM endpoints
WHERE role = 'process' AND (relation IS NULL OR relation = 'stitch')
GROUP BY {key}
