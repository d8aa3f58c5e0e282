from collections.abc import Iterator

import pytest

from tests.programs.world import World, new_world


@pytest.fixture
def world() -> Iterator[World]:
    """A network of the test's own."""
    with new_world() as world:
        yield world
