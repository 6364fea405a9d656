count(*) AS count,
countIf(relation = 'parent') AS parent,
countIf(relation = 'link') AS link,
countIf(relation = 'stitch') AS stitch,
countIf(attempt > 1 AND dead_letter IS NOT TRUE) AS redeliveries,
countIf(dead_letter) AS dead_letters,
-- The smallest wait that at least this share does not exceed: counted from above, because
-- quantileExact rounds down and the share is rounded up.
bitNot(quantileExactOrNullIf(0.50)(bitNot(wait_nano), attempt IS NULL OR attempt <= 1)) AS wait_p50_nano,
bitNot(quantileExactOrNullIf(0.05)(bitNot(wait_nano), attempt IS NULL OR attempt <= 1)) AS wait_p95_nano,
bitNot(quantileExactOrNullIf(0.01)(bitNot(wait_nano), attempt IS NULL OR attempt <= 1)) AS wait_p99_nano
