-- Jobs that were started and, as far as the chain was replayed, not finished; the oldest first.
SELECT s.job
FROM chain.job_started AS s
WHERE NOT EXISTS (SELECT FROM chain.job_finished AS f WHERE f.job = s.job)
ORDER BY s.slot, s.tx_index, s.path
