-- Jobs that a node began and, as far as the chain was replayed, that are not finished; the oldest first.
SELECT o.job
FROM chain.job_opened AS o
WHERE EXISTS (SELECT FROM chain.job_started AS s WHERE s.job = o.job)
    AND NOT EXISTS (SELECT FROM chain.job_finished AS f WHERE f.job = o.job)
ORDER BY o.slot, o.tx_index, o.path
