-- Only for checks: SHA-256 of a table of `chain`, every row as text in the order of its place. {table} is one of ours.
SELECT encode(sha256(convert_to(coalesce(string_agg(t::text, E'\n' ORDER BY {order}), ''), 'UTF8')), 'hex')
FROM chain.{table} AS t
