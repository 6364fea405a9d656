-- The duration instead of the end: smaller numbers compress better.
INSERT INTO spans BY NAME
SELECT
    * EXCLUDE (end_time_unix_nano),
    end_time_unix_nano - start_time_unix_nano AS duration_nano
FROM incoming_spans
