-- Notes that a node was given the transaction of job $1, period $2, signature $3.
UPDATE indexer.settlement SET state = 'sent', sent_at = now()
WHERE job = $1 AND period = $2 AND signature = $3 AND state = 'signed'
