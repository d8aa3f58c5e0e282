-- What was tried before for the jobs $1 in the periods $2, one beside the other.
SELECT s.*
FROM unnest($1::bytea[], $2::bigint[]) AS wanted (job, period)
JOIN indexer.settlement AS s USING (job, period)
