"""`ionet indexer` and `ionet verify` as processes: what they print, and how they end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from solders.pubkey import Pubkey

from client import addresses, keys
from client.instructions import emission, oracle
from indexer import scoring
from indexer.database import db
from indexer.operation import alarms
from indexer.scoring import REFERENCES
from tests.programs.world import GENESIS, World, new_world

IONET = Path(sys.executable).with_name("ionet")


@pytest.fixture
def world() -> Iterator[World]:
    """A network of the test's own."""
    with new_world() as made:
        yield made


class Command:
    """`ionet`, with a database folder of its own."""

    def __init__(self, folder: Path, url: str) -> None:
        self.options = ["--url", url, "--data-dir", str(folder / "pg")]
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith("IONET_")}

    def _rest(self, arguments: tuple[str, ...]) -> list[str]:
        # What a test names itself comes last, and wins.
        names = 1 if arguments[0] == "verify" else 2
        return [*arguments[1:names], *self.options, *arguments[names:]]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end."""
        return subprocess.run(  # noqa: S603 - our own command
            [IONET, arguments[0], *self._rest(arguments)],
            capture_output=True,
            text=True,
            timeout=60,
            env=self.environment,
            check=False,
        )

    def json(self, *arguments: str, code: int = 0) -> Any:
        """What it prints with --json; its exit code must be `code`."""
        done = self.run(*arguments, "--json")
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)


def pass_an_hour(world: World) -> None:
    """A node is measured and paid for one epoch, by hand."""
    chain, member = world.chain, world.committee[0]
    _, node = world.node(hardware_class="H100")
    secret = bytes(32)
    challenge = addresses.challenge(member.pubkey(), 1, 1)
    commitment = sha256(secret).digest()
    chain.send([oracle.commit_challenge(verifier=member.pubkey(), epoch=1, round=1, commitment=commitment)], member)
    chain.warp(slots=1)
    chain.warp(slots=1)
    chain.send([oracle.draw_challenge(challenge=challenge)], member)
    r = REFERENCES["H100"]
    measured = oracle.Measurement(node, r.bandwidth, r.memory, r.clock, r.compute, 1_000, 1)
    chain.send(
        [
            oracle.record_challenges(
                verifier=member.pubkey(), challenge=challenge, secret=secret, measurements=[measured]
            )
        ],
        member,
    )
    world.end_of(1)
    world.post_scores(1, (node, 1_000, 10))
    final = emission.finalize_scores(
        signers=[m.pubkey() for m in world.committee[:2]],
        epoch=1,
        digest=scoring.digest_of_rows([(bytes(node), 1_000, 10)]),
    )
    chain.send([final], *world.committee[:2])
    world.close(1)
    chain.warp(seconds=1)


def test_replay_status_and_verify(world: World, tmp_path: Path) -> None:
    """Figures as JSON and as tables; exit code 0 while all is well, 1 and both values where the chain differs."""
    pass_an_hour(world)
    ionet = Command(tmp_path, str(world.chain.http.base_url))
    replayed = ionet.json("indexer", "replay")
    assert replayed["events"] > 10
    status = ionet.json("indexer", "status")
    assert (status["lag_slots"], status["quarantined"], status["final_epoch"]) == (0, 0, 1)
    assert status["healthy"]
    assert status["events_per_second"] > 0
    drift = ionet.json("indexer", "drift", "--recount")
    assert drift["ok"]
    assert drift["compared"] > 3
    verified = ionet.json("verify", "--epoch", "1")
    assert verified["ok"]
    assert [payout["points"] for payout in verified["payouts"]] == [1_000]
    shown = ionet.run("verify", "--epoch", "1")
    assert shown.returncode == 0
    assert "epoch 1: every figure is equal" in shown.stderr

    # Scores that no challenge supports: the committee can post them, and everyone can see it.
    world.chain.warp(timestamp=GENESIS + 2 * 3_600)
    world.finalize(2)
    world.close(2)
    world.chain.warp(seconds=1)
    differing = ionet.json("verify", "--epoch", "2", code=1)
    assert not differing["ok"]
    names = {difference["name"] for difference in differing["differences"]}
    assert {"digest of all scores", "posted score: points"} <= names
    digest = sha256(b"2").hexdigest()
    assert digest in ionet.run("verify", "--epoch", "2").stderr


def test_jobs_are_routed_and_their_draws_verified(tmp_path: Path) -> None:
    """Every open job gets its node, once; exit code 0 where its draw is repeated, 1 and both nodes where it is not."""
    with new_world(slot_ms=40) as world:
        ionet = Command(tmp_path, str(world.chain.http.base_url))
        keys.save(tmp_path / "router", world.router)
        router = ("--keypair", str(tmp_path / "router"))
        nodes = [world.node()[1] for _ in range(2)]
        user = world.user()
        world.prices()
        drawn = world.open_job(user, id=1)
        world.chain.warp(slots=32)
        (started,) = ionet.json("indexer", "route", *router)
        assert started["node"] in {str(node) for node in nodes}
        assert [started["job"], started["refused"], started["assignment"]] == [str(drawn), None, 0]
        by_hand = world.open_job(user, id=2)
        world.start_job(by_hand, Pubkey.from_string(started["node"]))
        world.chain.warp(slots=32)
        assert ionet.json("indexer", "route", *router) == []
        verified = ionet.json("verify", "--job", "1")
        assert verified["ok"]
        assert [one["node"] for one in verified["assignments"]] == [started["node"]]
        shown = ionet.run("verify", "--job", str(drawn))
        assert (shown.returncode, "every figure is equal" in shown.stderr) == (0, True)

        bent = ionet.run("verify", "--job", str(by_hand))
        assert bent.returncode == 1
        assert f"DIFFERS: draw: digest of the candidates of {by_hand}, assignment 0: recomputed" in bent.stderr
        assert f"processors beyond the node's of {by_hand}, assignment 0: recomputed 0, found 1" in bent.stderr
        assert "DIFFERS" in bent.stdout
        assert not ionet.json("verify", "--job", str(by_hand), code=1)["ok"]


def test_what_cannot_be_done_is_one_line(world: World, tmp_path: Path) -> None:
    """An unreachable node or database, an epoch that is not closed: exit code 1, a sentence, no traceback."""
    world.chain.warp(seconds=1)
    ionet = Command(tmp_path, str(world.chain.http.base_url))
    for arguments, said in (
        (["verify", "--epoch", "1"], "epoch 1 is not closed"),
        (["verify", "--job", "1"], "there is no job 1"),
        (["verify", "--job", "l0ng"], "is neither the number nor the address of a job"),
        (["indexer", "status", "--url", "http://127.0.0.1:1"], "http://127.0.0.1:1"),
        (["indexer", "replay", "--database", "postgresql://me:@127.0.0.1:1/x"], "no database at"),
        (["indexer", "replay", "--database", "postgresql://me:secret@127.0.0.1:1/x"], "which others on this machine"),
        (["indexer", "replay", "--database", "mysql://x"], "mysql"),
    ):
        done = ionet.run(*arguments)
        assert done.returncode == 1
        assert done.stdout == ""
        assert said in done.stderr
        assert "secret" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_verify_wants_one_thing(world: World, tmp_path: Path) -> None:
    """An epoch or a job: neither or both is wrong usage."""
    ionet = Command(tmp_path, str(world.chain.http.base_url))
    for arguments in ([], ["--epoch", "1", "--job", "1"]):
        done = ionet.run("verify", *arguments)
        assert done.returncode == 2
        assert "either --epoch or --job" in " ".join(done.stderr.replace("│", " ").split())


def test_what_is_wrong_is_an_exit_code(world: World, tmp_path: Path) -> None:
    """An open alarm, a row that is not the chain's: exit code 1, and the reason."""
    world.node()
    world.chain.warp(seconds=1)
    ionet = Command(tmp_path, str(world.chain.http.base_url))
    ionet.json("indexer", "replay")

    async def spoil() -> None:
        pool = await db.connect(url)
        await alarms.tell(pool, "gap", "slot 9 follows slot 7")
        await pool.execute("UPDATE chain.collateral_deposited SET amount = amount + 1")
        pool.terminate()

    with db.embedded_postgres(tmp_path / "pg") as url:
        asyncio.run(spoil())
        status = ionet.json("indexer", "status", code=1)
        assert [(alarm["kind"], alarm["detail"]) for alarm in status["alarms"]] == [("gap", "slot 9 follows slot 7")]
        assert not status["healthy"]
        shown = ionet.run("indexer", "status")
        assert "WRONG: gap since " in shown.stderr
        (difference,) = ionet.json("indexer", "drift", "--recount", code=1)["differences"]
        assert difference["kind"] == "stake vault, counted again"
        assert difference["found"] == difference["expected"] + 1


def test_run_follows_until_it_is_told_to_stop(world: World, tmp_path: Path) -> None:
    """It has read the chain when it says that it follows, and is well by HTTP; SIGTERM ends it with 0."""
    world.chain.warp(seconds=1)
    ionet = Command(tmp_path, str(world.chain.http.base_url))
    process = subprocess.Popen(  # noqa: S603 - our own command
        [IONET, "indexer", "run", "--listen", "127.0.0.1:0", *ionet.options],
        stderr=subprocess.PIPE,
        text=True,
        env=ionet.environment,
    )
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(json.loads(line))
        if lines[-1]["event"] == "following":
            break
    address = next(line["address"] for line in lines if line["event"] == "listening")
    health = httpx.get(f"http://{address}/healthz", timeout=10)
    assert (health.status_code, health.json()["healthy"]) == (200, True)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    lines += [json.loads(line) for line in process.stderr]
    process.stderr.close()
    assert [line["event"] for line in lines] == ["listening", "replayed", "following", "stopped"]
    assert ionet.json("indexer", "status")["lag_slots"] == 0
