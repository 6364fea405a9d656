-- With `bared` attributes the texts are not read at all.
SELECT
    * EXCLUDE (stored_at_unix_nano, duration_nano) {bared},
    start_time_unix_nano + duration_nano AS end_time_unix_nano
FROM {rows}
