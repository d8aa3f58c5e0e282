"""Rows 21, 32 and 34: killed anywhere, in any setting, read by either road, the history is the same."""

from __future__ import annotations

from tests.databases import Databases
from tests.faults.history import History
from tests.faults.kill import FEWEST, campaign

TIMES = 200


async def test_a_replay_killed_anywhere_leaves_what_a_clean_one_does(real: History, databases: Databases) -> None:
    """SIGKILL two hundred times: in migrations, in COPY and commit, between batches, while scores are computed. Every
    history that was finished through them, whatever the size of its batches, its road, its hash seed and its time
    zone, has the digests of a clean replay."""
    killing = await campaign(TIMES, 21, real, databases)
    assert killing.kills >= TIMES
    assert killing.replays >= FEWEST
