SELECT
    count(*) AS count,
    min(consumer_start_time_unix_nano) AS oldest,
    max(consumer_start_time_unix_nano) AS newest
FROM connection_rows
