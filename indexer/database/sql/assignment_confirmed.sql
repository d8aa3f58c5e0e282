-- Notes that the start of job $1, assignment $2, signature $3 is on the chain, in slot $4.
UPDATE indexer.assignment SET slot = $4 WHERE job = $1 AND assignment = $2 AND signature = $3
