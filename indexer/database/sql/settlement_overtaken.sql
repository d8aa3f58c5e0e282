-- Notes of refused settlements which are not due any more: those that are not of a job of $1 in its period of $2.
UPDATE indexer.settlement AS s SET state = 'overtaken'
WHERE s.state = 'refused' AND NOT EXISTS (
    SELECT FROM unnest($1::bytea[], $2::bigint[]) AS due (job, period)
    WHERE due.job = s.job AND due.period = s.period
)
