"""The planted bugs can be planted in today's sources. Whether they are found: `python -m tests.proof.planted`."""

import pytest

from client.idl import PROGRAMS, ROOT
from tests.proof.planted.__main__ import drawn
from tests.proof.planted.build import sources
from tests.proof.planted.patches import MAX_LINES, PATCHES, PatchInvalid, Planted, planted

BUGS = planted()
SOURCES = sources()


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_applies_to_todays_sources(bug: Planted) -> None:
    """It changes programs' sources, in few lines, and what it says of itself is true of it."""
    changed = bug.plant(SOURCES)
    different = {file for file in changed if changed[file] != SOURCES.get(file)}
    assert different == set(bug.files)
    assert all(file.startswith("programs/") and file.endswith(".rs") for file in different)
    assert bug.lines <= MAX_LINES
    crates = {file.split("/")[1] for file in different}
    assert crates <= {*bug.programs, "common", "economics"}
    assert all((ROOT / "tests" / "programs" / test).exists() for test in bug.tests)
    assert (bug.expect == "economics") == (crates == {"economics"})
    assert bug.expect != "programs" or bug.tests


def test_there_are_bugs_of_every_program_and_of_many_kinds() -> None:
    assert len(BUGS) >= 30
    assert [bug.number for bug in BUGS] == list(range(1, len(BUGS) + 1))
    assert {program for bug in BUGS for program in bug.programs} == set(PROGRAMS)
    assert len({bug.kind for bug in BUGS}) >= 20


def test_a_bug_that_no_longer_applies_is_refused() -> None:
    bug = BUGS[0]
    moved = SOURCES | dict.fromkeys(bug.files, b"// nothing is as it was\n")
    with pytest.raises(PatchInvalid, match=f"{bug.name} no longer applies"):
        bug.plant(moved)


def test_a_header_says_all(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("patches") / "01-nobody.patch"
    whole = (PATCHES / f"{BUGS[0].name}.patch").read_text()
    for line in whole.partition("\n\n")[0].splitlines():
        path.write_text(whole.replace(f"{line}\n", "", 1))
        if not line.startswith("Tests"):
            with pytest.raises(PatchInvalid, match=f"no {line.split(':')[0]}"):
                Planted.of(path)


def test_a_draw_differs_in_program_and_kind() -> None:
    """CI plants a part of the bugs, another one after each commit."""
    draw = drawn(BUGS, 10, "a")
    assert {program for bug in draw for program in bug.programs} == set(PROGRAMS)
    assert len({bug.kind for bug in draw}) >= 9
    assert draw == drawn(BUGS, 10, "a")
    assert len({bug.number for seed in "abcdefgh" for bug in drawn(BUGS, 10, seed)}) > 30
