from collections.abc import Iterator

import pytest

from tests.programs.world import World, new_world


@pytest.fixture
def world() -> Iterator[World]:
    """A network of the test's own."""
    with new_world() as world:
        yield world


@pytest.fixture(scope="session")
def bare() -> Iterator[World]:
    """A chain with the programs and the mints, where nothing is initialised. For refusals: nobody changes it."""
    with new_world(initialized=False) as world:
        yield world


@pytest.fixture(scope="module")
def shared() -> Iterator[World]:
    """A network of the file's tests, with fresh prices. Each adds its own people; none moves time or closes epochs."""
    with new_world() as world:
        world.prices()
        yield world
