-- An end at a time: one condition on both is checked row by row, one on an id is not.
AND place IN (
    SELECT rowid
    FROM connection_rows
    WHERE consumer_trace_hi = $trace_hi AND consumer_trace_lo = $trace_lo AND {within}
    UNION ALL
    SELECT rowid
    FROM connection_rows
    WHERE producer_trace_hi = $trace_hi AND producer_trace_lo = $trace_lo AND {within}
)
