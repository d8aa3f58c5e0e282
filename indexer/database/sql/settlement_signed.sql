-- Writes a transaction down before it is sent, in the place of the one of signature $9 (NULL: of none) that can no
-- longer land. No row where another scheduler was faster.
INSERT INTO indexer.settlement AS held (
    job, period, action, assignment, seconds, state, transaction, signature, last_valid_block_height, signings, signed_at
)
VALUES ($1, $2, $3, $4, $5, 'signed', $6, $7, $8, 1, now())
ON CONFLICT (job, period) DO UPDATE SET
    action = excluded.action,
    assignment = excluded.assignment,
    seconds = excluded.seconds,
    state = 'signed',
    transaction = excluded.transaction,
    signature = excluded.signature,
    last_valid_block_height = excluded.last_valid_block_height,
    slot = NULL,
    signings = held.signings + 1,
    signed_at = now(),
    sent_at = NULL,
    ended_at = NULL
WHERE held.signature IS NOT DISTINCT FROM $9
RETURNING held.job
