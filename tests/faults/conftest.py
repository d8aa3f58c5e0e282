"""What the tests of faults share: one history, one PostgreSQL, and what a clean replay makes of both."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Databases, hurried
from tests.faults import history
from tests.faults.history import Clean, History


@pytest.fixture(scope="session")
def real() -> Iterator[History]:
    """The history, on its node."""
    with history.made() as made:
        yield made


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this session's servers keep their data."""
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="session")
def databases(folder: Path) -> Iterator[Databases]:
    """Of a PostgreSQL that nobody stops."""
    with hurried(folder / "pg") as made:
        yield made


@pytest.fixture(scope="session")
def clean(real: History, databases: Databases) -> Clean:
    """What a replay without any fault leaves."""
    return asyncio.run(history.replayed(real, databases))
