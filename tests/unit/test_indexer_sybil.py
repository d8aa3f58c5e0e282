"""Many names of one owner earn no more than what stands behind them: collateral bounds processors."""

from __future__ import annotations

from hashlib import sha256

from client.economics import collateral
from client.network import CLASS_MULTIPLIERS_BP
from indexer import scoring
from indexer.scoring import REFERENCES
from tests.unit.scoring_model import Facts, Measurement, Node, in_columns, scores_in_columns

HARDWARE = "4090"
MULTIPLIER_BP = CLASS_MULTIPLIERS_BP[HARDWARE]
EACH = collateral(MULTIPLIER_BP, 1)
"""IO base units for one processor."""
MANY = 3_000


def scores(*nodes: Node) -> list[scoring.Score]:
    """Of an epoch in which each of them passed a challenge at its class's reference."""
    best = REFERENCES[HARDWARE]
    measured = Measurement(best.bandwidth, best.memory, best.clock, best.compute, 20_000, True)
    actors = [sha256(b"%d" % number).digest() for number in range(len(nodes))]
    members = dict(zip(actors, nodes, strict=True))
    facts = Facts(members, {actor: [measured] for actor in actors}, {})
    found = scoring.score(in_columns(facts), scores_in_columns({}), scoring.DEFAULT)
    return [found[actor] for actor in actors]


def node(processors: int, deposited: int) -> Node:
    return Node(HARDWARE, processors, MULTIPLIER_BP, deposited, processors * EACH)


def test_nodes_without_collateral_earn_nothing() -> None:
    """Thousands of nodes of one owner, each a base unit short or with nothing at all, beside one with its own."""
    honest, *others = scores(node(1, EACH), *(node(1, (EACH - 1) * (n % 2)) for n in range(MANY)))
    assert honest.points > 0
    assert [one.points for one in others] == [0] * MANY


def test_one_collateral_pays_for_one_node() -> None:
    """Shared out over thousands of names it pays for none of them; kept together it pays for one."""
    deposit = EACH
    together = scores(node(1, deposit))
    apart = scores(*(node(1, deposit // MANY) for _ in range(MANY)))
    assert sum(one.points for one in apart) == 0 < together[0].points


def test_splitting_gains_nothing() -> None:
    """So many processors under as many names, with the same collateral in all, earn no more than under one name."""
    split = scores(*(node(1, EACH) for _ in range(64)))
    whole = scores(node(64, 64 * EACH))
    assert 0 < sum(one.points for one in split) <= whole[0].points
