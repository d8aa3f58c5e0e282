"""What the indexer's tests share: one PostgreSQL, in which each makes databases of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.databases import Databases, hurried
from tests.integration.indexer_network import Network
from tests.programs.world import new_world


@pytest.fixture
def network() -> Iterator[Network]:
    """A network of the test's own, at the first second of epoch 1."""
    with new_world() as world:
        yield Network(world)


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """Databases of a test's own, in a PostgreSQL for all of them."""
    with hurried(tmp_path_factory.mktemp("postgres") / "pg") as made:
        yield made


@pytest.fixture(scope="session")
def server(databases: Databases) -> str:
    """That PostgreSQL."""
    return databases.server
