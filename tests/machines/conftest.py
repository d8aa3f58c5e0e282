"""What tests of machines share: a network for each file, and an agent in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from machines.jobs import sandbox
from machines.jobs.sandbox import NoSandbox
from tests.machines.network import Agent, Machines, new_machines


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    """A network of the file's own, in which nobody is yet. Without a sandbox no agent starts, so none is made."""
    try:
        sandbox.require()
    except NoSandbox as missing:
        pytest.skip(f"an agent needs a sandbox: {missing}")
    with new_machines(tmp_path_factory.mktemp("machines")) as made:
        yield made


@pytest.fixture(scope="module")
def ann(machines: Machines) -> Iterator[Agent]:
    """An agent that the file's tests share."""
    with machines.agent("ann") as agent:
        yield agent


@pytest.fixture(scope="module")
def agent(machines: Machines) -> Iterator[Agent]:
    """The agent of bob, and alice, who rents."""
    machines.renter("alice")
    with machines.agent("bob") as made:
        yield made
