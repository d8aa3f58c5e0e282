"""Rows 35 and 41: SQL is ours, values are parameters, in all code; what strangers write is inert in the database."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

import pytest

from client.discreet import harmless
from client.idl import ROOT
from indexer.database import db
from indexer.operation import alarms
from indexer.operation.alarms import Kind
from tests.databases import Databases, hurried

ROOMS: Final = ("client", "indexer", "machines", "demo", "simulation", "scripts")
ASKING: Final = {
    *("execute", "executemany", "fetch", "fetchrow", "fetchval", "fetchmany", "prepare", "cursor", "copy_from_query"),
    *("exec_driver_sql", "text"),
}
"""Methods that take SQL first. Those that take a table's name, copy_to_table and its like, quote it themselves."""
COLUMNS: Final = "columns.fetch"
"""Takes its SQL third."""
NO_DATABASE: Final = {
    "accounts.fetch": "an account of the chain",
    "fetching.fetch": "a renter's outputs",
    "store.cursor": "where the replay stands",
    "running.prepare": "a job's folder",
    "answered.prepare": "an answer over HTTP",
}
"""Calls of those names that ask no database, and what they are for."""
REASONED: Final = {
    ("indexer/database/db.py", "script"): "a migration, by its file",
    ("indexer/acting/scores.py", "query"): "a file of `sql/`, named by who calls it",
    ("indexer/storing/partitions.py", "f'CREATE TABLE partition.{name} (LIKE chain.{table} INCLUDING DEFAULTS)'"): (
        "names of ours: a constant and a number"
    ),
    (
        "indexer/storing/partitions.py",
        "f'ALTER TABLE chain.{table} ATTACH PARTITION partition.{name} FOR VALUES FROM ({number * SLOTS}) TO "
        "({(number + 1) * SLOTS})'",
    ): "the same, and slots as integers",
    ("indexer/storing/partitions.py", "f'ALTER TABLE chain.{table} DETACH PARTITION partition.{name}'"): "the same",
    ("indexer/storing/partitions.py", "f'DROP TABLE partition.{name}'"): "the same",
    ("indexer/storing/store.py", "sql('digest_of_table').format(table=table, order=key)"): "names of the IDLs' layouts",
    ("indexer/verify/history.py", "f'SELECT * FROM chain.{table} ORDER BY {order}'"): "names of the IDLs' layouts",
    ("indexer/database/columns.py", "query"): "passed on: who calls it is looked at",
    ("demo/report.py", "(_SQL / f'{name}.sql').read_text()"): "a file, by a constant's name",
}
"""SQL that is no constant and no file of `sql/`, and why no stranger has a word in it."""


def queries() -> Iterator[tuple[str, str, ast.expr, ast.Module]]:
    """Every call that asks a database: its place, its file, what it gives as SQL, and the module around it."""
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.py")):
            module, name = ast.parse(file.read_text()), str(file.relative_to(ROOT))
            for node in ast.walk(module):
                if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                    continue
                called = ast.unparse(node.func)
                if called == COLUMNS:
                    yield f"{name}:{node.lineno}", name, node.args[2], module
                elif node.func.attr in ASKING and called not in NO_DATABASE and _is_of_databases(module):
                    yield f"{name}:{node.lineno}", name, node.args[0], module


def _is_of_databases(module: ast.Module) -> bool:
    """Whether a module has anything to do with them: others have methods of those names, too."""
    return any(
        word in ast.unparse(module) for word in ("asyncpg", "Pool", ".pool", "Connection", "sqlalchemy", "psycopg")
    )


def _is_ours(query: ast.expr, module: ast.Module) -> bool:
    """Whether it is a constant, one of the module's, or a file of `sql/`."""
    if isinstance(query, ast.Name):
        assigned = [
            node.value
            for node in module.body
            if isinstance(node, ast.AnnAssign | ast.Assign)
            and query.id in [ast.unparse(one) for one in getattr(node, "targets", [getattr(node, "target", None)])]
        ]
        return bool(assigned) and all(isinstance(value, ast.Constant) for value in assigned)
    is_file = isinstance(query, ast.Call) and ast.unparse(query.func) == "sql"
    return isinstance(query, ast.Constant) or is_file


def test_sql_has_no_values_in_it() -> None:
    """Every call that asks a database gives a constant, a file of `sql/`, or what is reasoned about here."""
    asked = list(queries())
    assert len(asked) > 100
    assert [
        f"{place}: {ast.unparse(query)}"
        for place, file, query, module in asked
        if not _is_ours(query, module) and (file, ast.unparse(query)) not in REASONED
    ] == []


def test_the_reasons_are_of_code_that_is_there() -> None:
    """A reason whose code is gone is removed."""
    assert REASONED.keys() - {(file, ast.unparse(query)) for _, file, query, _ in queries()} == set()


HOSTILE: Final = {
    "SQL": "'; DROP TABLE indexer.alarm; --",
    "SQL in a string of its own": "$$); TRUNCATE chain.block CASCADE; --",
    "a parameter": "$1 %s :x {0} \\' \\x00",
    "right to left": "\u202e'); DELETE FROM indexer.alarm; --",
    "ten megabytes": "A\u202e" * 5_000_000,
}
NOT_TEXT: Final = "a\0b\ud800"
"""What PostgreSQL's text cannot hold."""


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Of a server of this file's own."""
    with hurried(tmp_path_factory.mktemp("sql") / "pg") as made:
        yield made


async def test_what_strangers_write_is_text(databases: Databases) -> None:
    """By the way that a node's words take into the database: they come back without what steers a terminal, and
    nothing else happens."""
    kind: Kind = "gap"
    async with databases.pool() as pool:
        tables = await _tables(pool)
        for name, text in HOSTILE.items():
            await alarms.tell(pool, kind, text)
            (found,) = await alarms.open(pool)
            assert found.detail == harmless(text), name
            await alarms.tell(pool, kind, None)
        await alarms.tell(pool, kind, NOT_TEXT)
        assert [one.detail for one in await alarms.open(pool)] == ["a\ufffdb\ufffd"]
        assert await _tables(pool) == tables


async def _tables(pool: db.Pool) -> list[str]:
    rows = await pool.fetch("SELECT table_schema || '.' || table_name FROM information_schema.tables ORDER BY 1")
    return [row[0] for row in rows]
