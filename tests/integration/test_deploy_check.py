"""`ionet program check` on solana-test-validator: what is deployed there, and who may replace it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client.deployment import Multisig
from client.deployment.holders import SQUADS
from client.idl import PROGRAMS, program_id
from tests.integration.conformance_servers import ROOT, Node, validator, validator_command
from tests.integration.public_cluster import MAINNET, claiming, multisig_data
from tests.unit.client_network import ionet

pytestmark = pytest.mark.skipif(validator_command() is None, reason="solana-test-validator is not on the PATH")

KEY = Keypair.from_seed(sha256(b"deployer").digest()).pubkey()
VOTERS = [(Pubkey.new_unique(), 7) for _ in range(3)]
SAFE, LAX = (Multisig(Pubkey(sha256(name).digest()), 0, 0, None) for name in (b"safe", b"lax"))
"""Two of three, and one of three; by their addresses."""


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """One program of each kind: a key's, nobody's, a vault's, of another code and a bad multisig's; and one missing."""
    folder = tmp_path_factory.mktemp("validator")
    deploy = ROOT / "programs" / "deploy"
    options = []
    for program, code, authority in (
        ("oracle", "oracle", KEY),
        ("staking", "staking", "none"),
        ("emission", "emission", SAFE.vault(0)),
        ("burn", "oracle", LAX.vault(3)),
    ):
        address = str(program_id(program))  # type: ignore[arg-type] # a name
        options += ["--upgradeable-program", address, str(deploy / f"{code}.so"), str(authority)]
    for multisig, threshold in ((SAFE, 2), (LAX, 1)):
        options += ["--account", str(multisig.address), str(_dump(folder, multisig, threshold))]
    with validator(folder / "ledger", *options) as made:
        yield made


def _dump(folder: Path, multisig: Multisig, threshold: int) -> Path:
    """A file of an account, as `solana account --output json` writes it."""
    data = base64.b64encode(multisig_data(threshold, VOTERS)).decode()
    account = {"lamports": 10**9, "data": [data, "base64"], "owner": str(SQUADS), "executable": False, "rentEpoch": 0}
    file = folder / f"{multisig.address}.json"
    file.write_text(json.dumps({"pubkey": str(multisig.address), "account": account | {"space": 400}}))
    return file


def _check(url: str, *arguments: str) -> tuple[dict[str, Any], set[tuple[str, str]], set[tuple[str, str]]]:
    """What is found, what is refused and what is warned of: about what, and its first words."""
    result = ionet("--url", url, "program", "check", "--json", *arguments)
    found = json.loads(result.stdout)
    assert result.exit_code == (1 if found["refused"] else 0)
    refused, warned = (
        {(one["about"], " ".join(one["text"].split()[:4])) for one in found[which]} for which in ("refused", "warnings")
    )
    return found, refused, warned


def test_what_is_deployed_is_compared_and_who_may_replace_it_is_told(node: Node) -> None:
    """Codes and authorities of all; on a localnet a key is fine, and what cannot work is refused there, too."""
    found, refused, warned = _check(node.rpc)
    assert found["cluster"] == "localnet"
    programs = found["programs"]
    assert list(programs) == list(PROGRAMS)
    assert {name: one["state"] for name, one in programs.items()} == dict.fromkeys(PROGRAMS, "deployed") | {
        "escrow": "missing"
    }
    same = {name for name, one in programs.items() if one["code_sha256"] == one["committed_sha256"]}
    assert same == {"oracle", "staking", "emission"}
    assert programs["burn"]["code_sha256"] == programs["oracle"]["committed_sha256"]
    assert programs["oracle"]["authority"]["kind"] == "key"
    assert programs["oracle"]["authority"]["address"] == str(KEY)
    assert programs["staking"]["authority"]["kind"] == "none"
    assert programs["emission"]["authority"]["kind"] == "program"
    assert programs["escrow"]["authority"] is None
    assert {about: text.split()[:3] for about, text in refused} == {
        "staking": ["it", "can", "be"],
        "burn": ["its", "code", f"({programs['burn']['code_sha256']},"],
        "escrow": ["it", "is", "not"],
    }
    assert not warned


def test_one_key_is_refused_on_a_public_cluster(node: Node) -> None:
    """Whoever says that it is a localnet; a program's address is a warning until its multisig is named and is good."""
    with claiming(MAINNET, node.rpc) as url:
        for arguments in ((), ("--localnet",)):
            found, refused, warned = _check(url, *arguments)
            assert found["cluster"] == "mainnet-beta"
            assert {about for about, _ in refused} == {"oracle", "staking", "burn", "escrow"}
            assert {about for about, _ in warned} == {"emission", "burn"}
        texts = {one["about"]: one["text"] for one in found["refused"]}
        assert str(KEY) in texts["oracle"]
        assert f"solana program set-upgrade-authority {program_id('oracle')}" in texts["oracle"]

        _, refused, warned = _check(url, "--multisig", str(SAFE.address))
        assert "emission" not in {about for about, _ in refused | warned}

        found, refused, warned = _check(url, "--multisig", str(SAFE.address), "--multisig", str(LAX.address))
        assert found["programs"]["emission"]["authority"]["multisig"] == {
            "address": str(SAFE.address),
            "threshold": 2,
            "voters": 3,
            "config_authority": None,
        }
        assert ("burn", "one key is enough") in refused
        assert not warned

        for wrong, why in ((SAFE.vault(0), "there is no multisig"), (program_id("oracle"), "only Squads v4 is read")):
            refusal = ionet("--url", url, "program", "check", "--multisig", str(wrong))
            assert refusal.exit_code == 1
            assert why in refusal.stderr


def test_a_chain_that_is_not_known_is_public_unless_it_is_here(node: Node) -> None:
    """By the node's address, or by what somebody says."""
    with claiming(None, node.rpc, host="0.0.0.0") as url:  # noqa: S104 - it reaches this machine, and is no loopback
        found, refused, _ = _check(url)
        assert found["cluster"] == "unknown"
        assert ("oracle", "one key is enough") in refused
        found, refused, _ = _check(url, "--localnet")
        assert found["cluster"] == "localnet"
        assert ("oracle", "one key is enough") not in refused


def test_a_person_reads_a_table_and_sentences(node: Node) -> None:
    """Stdout has the facts, stderr what is wrong with them."""
    result = ionet("--url", node.rpc, "program", "check")
    assert result.exit_code == 1
    assert "as committed" in result.stdout
    assert "another" in result.stdout
    assert "refused: escrow: it is not deployed" in result.stderr
