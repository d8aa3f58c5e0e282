-- Starts that may still land, or that should be in a block up to the slot $1 and are not; the oldest first.
SELECT job, assignment, node, transaction, signature, last_valid_block_height
FROM indexer.assignment WHERE slot IS NULL OR slot <= $1
ORDER BY signed_at, job
