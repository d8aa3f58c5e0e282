"""The `ionet` command where no network is needed: schedule, keys, usage, help, other packages' commands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from typer.testing import CliRunner

from client import economics, keys
from client.cli import _OWN, Root, plugins
from tests.unit.client_network import ionet

COMMANDS = [
    *(["keygen"], ["claim"], ["schedule"], ["supply"], ["crank"]),
    *(["genesis", name] for name in ("plan", "run")),
    *(["vesting", name] for name in ("list", "withdraw", "lock")),
    *(["node", name] for name in ("register", "deposit", "withdraw-collateral", "elect", "agent", "show", "list")),
    *(["user", name] for name in ("register", "show")),
    *(["job", name] for name in ("quote", "open", "extend", "cancel", "report", "settle", "release")),
    *(["job", name] for name in ("finish", "dispute", "resolve", "lapse", "show", "list")),
    *(["job", name] for name in ("run", "deploy", "call", "forward", "logs", "outputs")),
    *(["agent", "show"], ["verifier", "measure"]),
    *(["epoch", name] for name in ("show", "close")),
    *(["burn", name] for name in ("show", "quote", "sell")),
    *(["grant", name] for name in ("user", "owner")),
    *(["params", name] for name in ("show", "set")),
    *(["committee", name] for name in ("show", "rotate")),
    *(["admin", name] for name in ("show", "offer", "withdraw", "accept")),
    *(["pause", name] for name in ("status", "set", "clear", "pauser")),
]


def test_the_schedule_is_the_published_one() -> None:
    """Exactly these keys, in base units."""
    rows = json.loads(ionet("schedule", "--epochs", "1:6", "--json").stdout)
    assert [set(row) for row in rows] == [{"epoch", "emission", "minted_cap"}] * 6
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]
    shown = [f"{row['emission'] / 10**8:.2f}" for row in rows]
    assert shown == ["4566.21", "4566.15", "4566.08", "4566.02", "4565.96", "4565.89"]
    assert rows[5]["minted_cap"] == sum(row["emission"] for row in rows)


def test_the_schedule_ends_at_the_cap() -> None:
    """The last epoch's cap is 300,000,000 IO to the base unit."""
    (row,) = json.loads(ionet("--json", "schedule", "--epochs", "175319").stdout)
    assert row["minted_cap"] == 300_000_000 * 10**8 == economics.EMISSION_CAP


def test_the_schedule_as_a_table() -> None:
    """Decimals of IO, with their name."""
    shown = ionet("schedule", "--epochs", "1:2").stdout
    assert "Emission, IO" in shown
    assert "4,566.21004566" in shown


@pytest.mark.parametrize("epochs", ["0:5", "3:2", "1:175320", "1-6", "a:b", "", ":", "1:", "-1:2", "1:2:3", "9" * 400])
def test_ranges_that_are_none_are_wrong_usage(epochs: str) -> None:
    """Exit code 2, nothing on stdout, the value in the message."""
    result = ionet("schedule", f"--epochs={epochs}", "--json")
    assert (result.exit_code, result.stdout) == (2, "")


def test_json_is_alone_on_stdout_of_a_process() -> None:
    """A process of its own, where no network is."""
    command = [sys.executable, "-c", "from client.cli import main; main()", "schedule", "--epochs", "1:1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    assert json.loads(done.stdout)[0]["epoch"] == 1
    assert done.stderr == ""


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(command: list[str]) -> None:
    """Help for each, with the common options, on stdout."""
    result = ionet(*command, "--help")
    assert result.exit_code == 0
    for option in ("--url", "--keypair", "--json", "IONET_URL", "IONET_KEYPAIR"):
        assert option in result.stdout


def test_units_are_in_the_help() -> None:
    """What a number means is said where it is given."""
    words = " ".join(ionet("node", "register", "--help").stdout.replace("│", " ").split())
    assert "3000 to 9000 basis points" in words
    assert "100 to 300 basis points" in words
    assert "Exit codes: 0 done, 1 refused" in " ".join(ionet("--help").stdout.replace("│", " ").split())


def test_the_root_lists_every_group() -> None:
    """Our own, and what other packages add."""
    shown = ionet("--help").stdout
    for name in (*_OWN, "agent", "demo", "indexer", "verifier", "verify"):
        assert f" {name} " in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ["nothing"],
        ["node", "nothing"],
        ["schedule"],
        ["schedule", "--nothing"],
        ["node", "register", "--class", "H100"],
        ["job", "quote", "--class", "H100", "--processors", "many", "--hours", "1"],
        ["job", "list", "--state", "lost"],
        ["job", "report", "11111111111111111111111111111111", "--digest", "abc"],
        ["job", "dispute", "11111111111111111111111111111111", "--evidence", "abc"],
        ["job", "open", "--class", "H100", "--processors", "1", "--hours", "1", "--benefit", "cash"],
        ["job", "open", "--class", "H100", "--processors", "1", "--hours", "1", "--pay", "eur"],
        ["job", "extend", "11111111111111111111111111111111", "--hours", "0"],
        ["job", "resolve", "11111111111111111111111111111111", "--accepted", "1"],
        ["epoch", "show", "0"],
        ["claim", "x", "--vested"],
        [],
        ["node"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_two(arguments: list[str]) -> None:
    """And says nothing on stdout but help."""
    assert ionet(*arguments).exit_code == 2


def test_keygen_makes_a_key_once(tmp_path: Path) -> None:
    """The address is said, the secret is not; a second time is refused."""
    file = tmp_path / "id.json"
    said = json.loads(ionet("keygen", str(file), "--json").stdout)
    key = keys.load(file)
    assert said == {"address": str(key.pubkey()), "file": str(file)}
    again = ionet("keygen", "--keypair", str(file))
    assert (again.exit_code, again.stdout) == (1, "")
    assert "exists already and is not replaced" in again.stderr
    assert ionet("keygen", env={"IONET_KEYPAIR": str(tmp_path / "other.json")}).exit_code == 0
    assert keys.load(tmp_path / "other.json") != key


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """Before anything is sent, with what to do."""
    file = tmp_path / "id.json"
    keys.create(file)
    file.chmod(0o644)
    result = ionet("user", "register", "--keypair", str(file))
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"chmod 600 {file}" in result.stderr


def test_an_unreachable_node_is_named(tmp_path: Path) -> None:
    """The URL, and what to do."""
    keys.create(tmp_path / "id.json")
    result = ionet("--url", "http://127.0.0.1:1", "epoch", "show", "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cannot reach a Solana node at http://127.0.0.1:1" in result.stderr
    assert "no URL of a Solana node" in ionet("--url", "nonsense", "epoch", "show").stderr


def test_bad_shares_need_no_network_to_be_refused(tmp_path: Path) -> None:
    """A value out of range is refused before anybody is asked."""
    keys.create(tmp_path / "id.json")
    node = ["--keypair", str(tmp_path / "id.json"), "--url", "http://127.0.0.1:1", "node", "register"]
    for share in ("2999", "9001", "0", "-1"):
        result = ionet(*node, "--class", "H100", "--processors", "1", "--dollar-share", share)
        assert result.exit_code == 1
        assert f"dollar share {share} is out of range: give 3000 to 9000 basis points" in result.stderr


def test_a_broken_package_breaks_only_its_own_command() -> None:
    """Its command says what is missing; whatever options it would have had."""
    found = EntryPoint("broken", "no_such_package.cli:app", Root.ENTRY_POINTS)
    loaded = plugins.load("broken", found)
    assert "no_such_package" in loaded.help
    stand_in = plugins.unavailable("broken", found, ImportError("no_such_package"))
    result = CliRunner().invoke(stand_in, ["run", "--fast"])
    assert result.exit_code != 0
    assert "`ionet broken` is not available: no_such_package.cli:app cannot be loaded" in str(result.exception)


def test_the_command_starts_fast_enough_to_be_used() -> None:
    """`schedule` loads neither AnchorPy nor a Solana client: they take most of a second."""
    code = "import sys; from client.cli import main\ntry: main()\nfinally: print('anchorpy' in sys.modules)"
    command = [sys.executable, "-c", code, "schedule", "--epochs", "1:1", "--json"]
    environment = {**os.environ, "NO_COLOR": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)  # noqa: S603 - our own command
    assert done.stdout.splitlines()[-1] == "False", done.stderr
