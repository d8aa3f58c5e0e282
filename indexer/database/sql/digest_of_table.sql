-- For checks: SHA-256 of the table of `chain` named {table}, every row as text, by {order}. Both are names of ours.
SELECT encode(sha256(convert_to(coalesce(string_agg(t::text, E'\n' ORDER BY {order}), ''), 'UTF8')), 'hex')
FROM chain.{table} AS t
