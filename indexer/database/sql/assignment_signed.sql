-- Writes the start of job $1, assignment $2, down before it is sent. No row where another router was faster.
INSERT INTO indexer.assignment (job, assignment, node, processors, transaction, signature, last_valid_block_height)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT DO NOTHING
RETURNING job
