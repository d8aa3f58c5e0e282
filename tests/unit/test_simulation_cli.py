"""`ionet simulate` as people call it: files, pictures, JSON, exit codes."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow import parquet  # type: ignore[import-untyped] # it has no types
from typer.testing import CliRunner, Result

from client.cli import app
from simulation import cli, engine
from simulation.columns import CLASS_COLUMNS, COLUMNS
from simulation.loading import load
from simulation.run import run

HOURS = 800
README = Path(cli.__file__).parent / "README.md"


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Years of a few weeks."""
    monkeypatch.setattr(cli, "epochs_of", lambda years: HOURS * years)


def simulate(*arguments: str) -> Result:
    """The command in this process."""
    return CliRunner().invoke(app, ["simulate", *arguments])


def test_a_table_of_the_years() -> None:
    """Years on stdout; what was checked on stderr."""
    done = simulate("--scenario", "base", "--years", "2")
    assert done.exit_code == 0
    assert "emitted IO" in done.stdout
    assert "every one equal to the base unit" in done.stderr
    assert "burns more than it emits" in done.stderr


def test_json_is_alone_on_stdout() -> None:
    """Base units, the checks, the break-even; nothing else."""
    done = simulate("--scenario", "bust", "--years", "1", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    assert (said["ok"], said["epochs"], said["differences"]) == (True, HOURS, [])
    assert [year["year"] for year in said["years"]] == [1]
    (year,) = said["years"]
    assert year["net_io_units"] == year["emission_io_units"] - year["burned_io_units"]
    assert all(check["equal"] and check["left"] == check["right"] for check in said["checks"])
    assert json.loads(simulate("--scenario", "bust", "--years", "1", "--json").stdout) == said


def test_csv_and_parquet_agree(tmp_path: Path) -> None:
    """The same columns and the same integers, hour by hour; Parquet says what they are."""
    files = {suffix: tmp_path / f"rows.{suffix}" for suffix in ("csv", "parquet")}
    for file in files.values():
        assert simulate("--scenario", "boom", "--years", "1", "--out", str(file)).exit_code == 0
    with files["csv"].open(newline="") as source:
        names, *rows = csv.reader(source)
    table = parquet.read_table(files["parquet"])
    assert table.column_names == names
    assert [[int(value) for value in row] for row in rows] == [list(row.values()) for row in table.to_pylist()]
    hours = run(load("boom"), HOURS).hours
    assert len(rows) == HOURS
    assert table.column("burned_io_units").to_pylist() == list(hours["burned_io_units"])
    field = table.schema.field("burned_io_units")
    assert (field.metadata[b"unit"], field.metadata[b"kind"]) == (b"1e-8 IO", b"flow")
    assert table.schema.metadata[b"scenario"] == b"boom"


@pytest.mark.parametrize(("every", "rows"), [("hour", HOURS), ("day", 34), ("month", 2), ("year", 1)])
def test_rows_of_a_period(tmp_path: Path, every: str, rows: int) -> None:
    """As many as there are periods; the last may be a part of one."""
    file = tmp_path / "rows.csv"
    assert simulate("--scenario", "base", "--years", "1", "--out", str(file), "--every", every).exit_code == 0
    assert len(file.read_text().splitlines()) == rows + 1


@pytest.mark.parametrize(("suffix", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_pictures(tmp_path: Path, suffix: str, begins: bytes) -> None:
    """Drawn without a screen, the same each time."""
    files = [tmp_path / f"{name}.{suffix}" for name in ("one", "two")]
    for file in files:
        assert simulate("--scenario", "base", "--years", "1", "--plot", str(file)).exit_code == 0
    first, second = (file.read_bytes() for file in files)
    assert first.startswith(begins)
    assert first == second


def test_a_sum_that_differs_ends_with_1_and_the_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """One base unit of dollars too many each hour: named on stderr, and in the JSON."""
    monkeypatch.setattr(engine, "settle", _with_a_unit_more(engine.settle))
    for arguments in ((), ("--json",)):
        done = simulate("--scenario", "base", "--years", "1", *arguments)
        assert done.exit_code == 1
        assert "DIFFERS at epoch 800: dollars paid by users = to nodes + to burn + fee" in done.stderr
        assert "by 1,600" in done.stderr  # two cohorts, 800 hours
    said = json.loads(done.stdout)
    assert not said["ok"]
    assert said["differences"][0]["right"] - said["differences"][0]["left"] == 1_600


def _with_a_unit_more(settle):  # type: ignore[no-untyped-def]
    from dataclasses import replace

    def wrong(given):  # type: ignore[no-untyped-def]
        paid = settle(given)
        return replace(paid, dollars=paid.dollars + 1)

    return wrong


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--scenario", "nowhere.toml"), 1, "nowhere.toml: no scenario can be read there"),
        (("--scenario", "base", "--out", "rows.xlsx"), 1, "rows.xlsx: give a name that ends with .parquet or .csv"),
        (("--scenario", "base", "--out", "/nowhere/rows.csv"), 1, "/nowhere/rows.csv: cannot be written"),
        (("--scenario", "base", "--plot", "plot.pdf"), 1, "plot.pdf: give a name that ends with .png or .svg"),
        (("--scenario", "base", "--years", "0"), 2, "greater than or equal to 1"),
        (("--scenario", "base", "--years", "21"), 2, "less than or equal to 20"),
        (("--scenario", "base", "--every", "week"), 2, "'week' is not one of"),
        ((), 2, "--scenario"),
    ],
)
def test_what_is_refused(arguments: tuple[str, ...], code: int, message: str) -> None:
    """Before anything runs: one sentence on stderr, nothing on stdout."""
    done = simulate(*arguments)
    assert (done.exit_code, done.stdout) == (code, "")
    assert message in done.stderr


def test_a_file_is_not_touched_where_the_run_is_refused(tmp_path: Path) -> None:
    """Neither made nor emptied."""
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    old.write_text("mine")
    for file in (old, new):
        refused = simulate("--scenario", "base", "--out", str(file), "--plot", str(tmp_path / "plot.pdf"))
        assert refused.exit_code == 1
    assert old.read_text() == "mine"
    assert not new.exists()


def test_help_needs_no_heavy_library() -> None:
    """`ionet --help` loads every command: pictures and Parquet only where they are asked for."""
    check = "import sys, simulation.cli; print([m for m in ('pyarrow', 'matplotlib', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)  # noqa: S603 - ours
    assert done.stdout == "[]\n"


def test_amounts_beyond_the_chain_are_refused(tmp_path: Path) -> None:
    """A million dollars an hour for each of a million processors: a sentence, not a traceback."""
    file = tmp_path / "absurd.toml"
    file.write_text(
        'name = "absurd"\nio_price_usd = 0.01\n[[elections]]\nweight_bp = 10000\ndollar_share_bp = 3000\n'
        '[[classes]]\nname = "T4"\nprocessors_per_node = 8\nnodes = 120000\nprocessor_hours_asked = 900000\n'
        "price_usd = 1000000\n"
    )
    done = simulate("--scenario", str(file))
    assert (done.exit_code, done.stdout) == (1, "")
    assert "absurd: leads to amounts that the chain's integers do not hold (vault_usd = " in done.stderr


def test_the_help_names_scenarios_and_units() -> None:
    """What comes with the command, and where the columns are explained."""
    words = " ".join(simulate("--help").stdout.replace("│", " ").split())
    for word in ("base, boom, bust", "1e-8 IO", "simulation/README.md", "--every", "--plot"):
        assert word in words


def test_the_readme_has_every_column() -> None:
    """With the unit and the meaning that the code has."""
    text = README.read_text()
    for prefix, columns in (("", COLUMNS), ("H100_", CLASS_COLUMNS)):
        for column in columns:
            assert f"| `{prefix}{column.name}` | {column.unit} | {column.kind} | {column.meaning} |" in text
