-- Forgets vaults of jobs that finished after slot $1, up to slot $2, with nothing left in them: they are closed.
DELETE FROM indexer.balance AS held
USING chain.job_finished AS finished
WHERE finished.slot > $1 AND finished.slot <= $2
    AND held.kind = 'vault of a job' AND held.whose = finished.job AND held.amount = 0
