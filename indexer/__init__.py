"""The indexer, in the order in which an event goes through it.

- From a node: `rpc`, `pace`; `source` has the roads to blocks, `blocks` what is read of them.
- To columns: `layouts` and `tables` say what there is, `calls`, `base58`, `records` and `decode` find it; `scan`
  does what `blocks` and `calls` do, faster, where `ionet-native` is installed.
- Together: `batches` decodes what a source gives, `backfill` has other processes do so, `replay` stores it.
- Into PostgreSQL: `store`, by `copying`, with `aggregates` and `balances` of those whom it touches; `partitions`; `db`
  connects and migrates (`migrations`, `sql`), `columns` reads much at once. `tail` keeps what is not final yet.
- From there: `scores` (by `scoring`), posted by `oracle` and `posting`; `settlement`; `routing` (by `router`). Each
  asks `guard` first; `schedule` says when.
- And looked at: `operation` (health, metrics, alarms, drift, retention, logs), `status`, `verify`, and the commands.
"""
