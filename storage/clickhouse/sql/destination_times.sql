WITH handovers AS ({handovers})
SELECT
    toInt64(intDiv(toInt128(start) - $first, $size)) AS bucket,
    {figures}
FROM handovers
GROUP BY bucket
ORDER BY bucket
