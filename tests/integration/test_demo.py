"""`ionet demo` as a newcomer runs it."""

import json
import subprocess
from typing import Any


def demo(*options: str) -> dict[str, Any]:
    """What `ionet demo --json` prints; it must have ended well."""
    command = ["ionet", "demo", "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180)  # noqa: S603 - our own command
    assert done.returncode == 0, done.stderr
    figures: dict[str, Any] = json.loads(done.stdout)
    return figures


def test_the_same_seed_gives_the_same_figures_and_every_sum_is_equal() -> None:
    """Two runs agree in everything, all checks hold, another seed gives another hour."""
    first = demo("--epochs", "2", "--nodes", "4", "--seed", "7")
    assert demo("--epochs", "2", "--nodes", "4", "--seed", "7") == first
    assert first["ok"]
    assert all(check["equal"] for check in first["checks"])
    assert [epoch["epoch"] for epoch in first["epochs"]] == [1, 2]
    assert len(first["nodes"]) == 4
    other = demo("--epochs", "2", "--nodes", "4", "--seed", "8")
    assert other["ok"]
    assert other["nodes"] != first["nodes"]


def test_a_bad_option_is_refused_with_its_value() -> None:
    """A number of epochs below one is a usage error that says so."""
    done = subprocess.run(["ionet", "demo", "--epochs", "0"], capture_output=True, text=True, timeout=60)  # noqa: S607
    assert done.returncode == 2
    assert "epochs" in done.stderr
