-- Transactions that may still land, the oldest first.
SELECT job, period, action, seconds, transaction, signature, last_valid_block_height
FROM indexer.settlement WHERE state IN ('signed', 'sent')
ORDER BY signed_at, job
