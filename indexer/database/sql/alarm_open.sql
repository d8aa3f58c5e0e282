-- Opens an alarm of kind $1, or tells the open one $2; whether it was opened now. Nothing where it said that already.
INSERT INTO indexer.alarm AS held (kind, detail) VALUES ($1, $2)
ON CONFLICT (kind) WHERE until IS NULL DO UPDATE SET detail = excluded.detail WHERE held.detail <> excluded.detail
RETURNING xmax = 0 AS opened
