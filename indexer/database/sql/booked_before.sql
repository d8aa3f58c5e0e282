-- Processors of the jobs that ran on the node $1 just before the place ($2, $3, $4): slot, transaction, path.
SELECT coalesce(sum(o.processors), 0)::bigint
FROM chain.job_started AS s
JOIN chain.job_opened AS o USING (job)
WHERE s.node = $1 AND (s.slot, s.tx_index, s.path) < ($2, $3, $4) AND NOT EXISTS (
    SELECT FROM chain.job_stopped AS x
    WHERE x.job = s.job AND (x.slot, x.tx_index, x.path) < ($2, $3, $4)
        AND (x.slot, x.tx_index, x.path) > (s.slot, s.tx_index, s.path)
)
