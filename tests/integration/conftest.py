"""What the indexer's tests share: one PostgreSQL, in which each makes databases of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from indexer import db
from tests.integration.indexer_network import Databases, Network
from tests.programs.world import new_world


@pytest.fixture
def network() -> Iterator[Network]:
    """A network of the test's own, at the first second of epoch 1."""
    with new_world() as world:
        yield Network(world)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL for all of them."""
    with db.embedded_postgres(tmp_path_factory.mktemp("postgres") / "pg") as url:
        yield url


@pytest.fixture
def databases(server: str) -> Databases:
    """Databases of the test's own."""
    return Databases(server)
