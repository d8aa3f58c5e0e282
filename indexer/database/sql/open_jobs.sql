-- Jobs that wait for a node after slot $1, the oldest first, with the block that opened each.
SELECT o.job, o.class AS hardware_class, o.processors, b.blockhash, coalesce(s.assignments, 0)::integer AS assignments
FROM chain.job_opened AS o
JOIN chain.block AS b USING (slot)
LEFT JOIN LATERAL (
    SELECT count(*) AS assignments FROM chain.job_started AS s WHERE s.job = o.job AND s.slot <= $1
) AS s ON true
LEFT JOIN LATERAL (
    SELECT count(*) AS releases FROM chain.job_released AS r WHERE r.job = o.job AND r.slot <= $1
) AS r ON true
WHERE o.slot <= $1 AND s.assignments = r.releases
    AND NOT EXISTS (SELECT FROM chain.job_finished AS f WHERE f.job = o.job AND f.slot <= $1)
ORDER BY o.slot, o.tx_index, o.path
