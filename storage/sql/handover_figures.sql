count(*) AS count,
count(*) FILTER (relation = 'parent') AS parent,
count(*) FILTER (relation = 'link') AS link,
count(*) FILTER (relation = 'stitch') AS stitch,
count(*) FILTER (attempt > 1 AND dead_letter IS NOT TRUE) AS redeliveries,
count(*) FILTER (dead_letter) AS dead_letters,
-- All at once: each quantile of its own would hold all waits in memory.
quantile_disc(wait_nano, [0.50, 0.95, 0.99]) FILTER (attempt IS NULL OR attempt <= 1) AS waits,
waits[1] AS wait_p50_nano,
waits[2] AS wait_p95_nano,
waits[3] AS wait_p99_nano
