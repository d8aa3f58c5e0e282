"""From a node into the database: `batches` decodes what a road gives, `backfill` has other processes do so, `replay`
stores it to the tip: `store` in one transaction a batch, by `copying`, with `aggregates` and `balances` of those whom
it touches, into `partitions`. `tail` keeps what is not final yet. Uses `node`, `decoding` and `database`.
"""
