"""The history of the benches is read alike by everybody: our columns, AnchorPy, and what is stored of each."""

from pathlib import Path

import pytest

from indexer.decoding import tables
from tests.bench import decode, ingest, peers
from tests.bench.blocks import Written, write
from tests.bench.node import serving
from tests.databases import Databases


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Two hours of a small network."""
    return write(tmp_path_factory.mktemp("history"), 4_000, nodes=100)


def test_a_history_is_the_same_each_time(history: Written, tmp_path: Path) -> None:
    """The same seed makes the same hours, to the byte."""
    again = write(tmp_path, 4_000, nodes=100)
    assert [entry.length for entry in again.entries] == [entry.length for entry in history.entries]
    made, seen = ([text for slot, text in found.blocks() if slot >= 1_000] for found in (again, history))
    assert made == seen


def test_all_find_the_same_events(history: Written) -> None:
    """Our decoder, AnchorPy's coders and its parser of logs find what the history says it has."""
    found = decode.ours(history.path).found
    assert (found.events, found.records) == (history.totals.events, history.totals.records)
    theirs = peers.anchorpy(history.path)
    assert (theirs.events, theirs.records) == (found.events, found.records)
    assert peers.anchorpy_logs(history.path).events == found.events


async def test_all_store_the_same_rows(history: Written, databases: Databases) -> None:
    """What the replay copies and what AnchorPy's values insert are the same rows, in every table."""
    async with databases.pool() as pool:
        meter = await ingest.Meter.of(pool)
        with serving(history.folder) as url:
            await ingest.ours(pool, url, history.totals, meter)
            await ingest.peer(pool, url, history.totals, meter)
        for name in sorted(set(tables.names()) - ingest.NOT_THE_PEERS):
            columns = ", ".join(f'"{column}"' for column in tables.columns(name))
            for one, other in (("chain", "peer"), ("peer", "chain")):
                more = await pool.fetchval(
                    f"SELECT count(*) FROM (SELECT {columns} FROM {one}.{name} "  # noqa: S608 - our own names
                    f"EXCEPT SELECT {columns} FROM {other}.{name}) AS more"
                )
                assert more == 0, f"{one}.{name} has rows that {other}.{name} has not"
