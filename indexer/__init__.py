"""The indexer, in the order in which an event goes through it.

- `node`: what a node says of its chain, whatever happens on the way.
- `decoding`: from that to columns; no network, no database.
- `database`: PostgreSQL; `storing`: everything into it, once, and in order.
- `scoring`: availability and reputation, from facts; no database either. `acting`: scores, prices and settlements, back
  to the chain.
- And looked at: `operation` (health, metrics, alarms, drift, retention, logs, status), `verify`, and the commands.
"""
