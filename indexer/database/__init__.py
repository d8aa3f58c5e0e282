"""PostgreSQL: `db` connects and migrates (`migrations`), `queries` gives what is in `sql`, `columns` reads and writes
much at once. Uses no other room.
"""
