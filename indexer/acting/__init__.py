"""From the database back to the chain: `scores` (by `indexer.scoring`) posted by `oracle` and `posting`; `settlement`;
`routing` (by `router`). Each asks `guard` first.

Uses every room but `verify` and, except for the alarms that stop it, `operation`.
"""
