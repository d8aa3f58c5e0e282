-- Strikes the start of job $1, assignment $2, signature $3, which did not come to pass and no longer can.
DELETE FROM indexer.assignment WHERE job = $1 AND assignment = $2 AND signature = $3
