SELECT
    toInt64(count()) AS spans,
    toInt64(countIf(generation > $analysed)) AS pending_spans,
    toInt64(uniqExact(trace_hi, trace_lo)) AS traces,
    minOrNull(start_time_unix_nano) AS oldest,
    maxOrNull(end_time_unix_nano) AS newest
FROM spans
