-- Notes that what is due for job $1 in period $2 was refused before it was signed, for the reason $6; in the place of
-- the transaction of signature $7 (NULL: of none) that can no longer land.
INSERT INTO indexer.settlement AS held (
    job, period, action, assignment, seconds, state, reason, refusals, ended_at
)
VALUES ($1, $2, $3, $4, $5, 'refused', $6, 1, now())
ON CONFLICT (job, period) DO UPDATE SET
    action = excluded.action,
    assignment = excluded.assignment,
    seconds = excluded.seconds,
    state = 'refused',
    signature = NULL,
    last_valid_block_height = NULL,
    slot = NULL,
    reason = excluded.reason,
    refusals = held.refusals + 1,
    ended_at = now()
WHERE held.state NOT IN ('signed', 'sent') AND held.signature IS NOT DISTINCT FROM $7
