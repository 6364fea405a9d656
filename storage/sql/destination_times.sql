WITH handovers AS ({handovers})
SELECT
    (start - $first) // $size AS bucket,
    {figures}
FROM handovers
GROUP BY bucket
ORDER BY bucket
