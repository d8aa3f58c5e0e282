"""Each invariant fails, and it alone, where what it says is not so; none fails on a walk through all instructions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, is_dataclass, replace
from typing import Any

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses
from client.economics import IO, USD
from client.instructions import burn, escrow, oracle, pools, slashes, tokens
from client.state import Job
from tests.programs import walk as walks
from tests.programs.chain import swapped
from tests.programs.world import World
from tests.proof.ledger import Ledger, Step, calls_of
from tests.proof.machine.invariants import Watch, start
from tests.proof.machine.invariants_books import INVARIANTS, OF_REFUSALS, Q64, RECOUNTS, Broken
from tests.proof.svm import Outcome, Svm, start_svm
from tests.proof.world import world_on

Edit = dict[str, Any]


@pytest.fixture(scope="module")
def svm() -> Iterator[Svm]:
    with start_svm() as svm:
        yield svm


@dataclass
class Scene:
    """A network in which something of everything is there; each test begins with it as it was."""

    world: World
    node: walks.Actor
    staker: Keypair
    user: walks.Actor
    slashed: walks.Actor
    job: Pubkey
    finished: Pubkey

    @property
    def ledger(self) -> Ledger:
        return self.world.chain.ledger  # type: ignore[attr-defined,no-any-return] # of a `PipeChain`

    def edit(self, address: Pubkey, edit: Edit) -> Any:
        """Writes into an account as nobody could; what it is then."""
        known: Any = self.ledger.accounts[address]
        changed = {name: value(getattr(known, name)) if callable(value) else value for name, value in edit.items()}
        written = replace(known, **changed) if is_dataclass(type(known)) else known._replace(**changed)
        self.ledger.accounts[address] = written
        return written

    def forge(self, watch: Watch, edits: dict[Pubkey, Edit], others: Sequence[Instruction] = ()) -> None:
        """Shows the watch a transaction that wrote this."""
        before = {address: self.ledger.accounts[address] for address in edits}
        after = {address: self.edit(address, edit) for address, edit in edits.items()}
        svm = self.ledger.svm
        watch(Step((), None, svm.time, svm.slot, before, after, Outcome(None, []), (), others))

    def run(self, instructions: Sequence[Instruction]) -> Step:
        """Runs a transaction, without showing it to anybody."""
        step = self.ledger.run(instructions)
        assert step.refusal is None, step.outcome.logs
        return step


@pytest.fixture(scope="module")
def scene(svm: Svm) -> Scene:
    world = world_on(svm, initialized=False)
    walks.begin(world)
    world.prices()
    affiliate = world.person()
    node = world.node(dollar_share_bp=3_000, affiliate=affiliate.pubkey())
    user = world.user(affiliate=affiliate.pubkey())
    staker, slashed = world.person(io=10_000 * IO), world.node()
    walks.delegation(world, node[1], staker)
    walks.first_hour(world, node, walks.agency(world, node), user, lambda instruction: None)
    walks.claims(world, node, affiliate.pubkey())
    walks.grants(world, node, user)
    world.prices()
    leaving = pools.undelegate(owner=staker.pubkey(), actor=node[1], amount=IO, id=5)
    world.chain.send([leaving], staker)
    members = [member.pubkey() for member in world.committee]
    proposing = slashes.propose_slash(
        proposer=world.admin.pubkey(), actor=slashed[1], id=1, offence=3, evidence=bytes(32), signers=members
    )
    world.chain.send([proposing], world.admin)
    world.chain.send(
        [slashes.appeal_slash(authority=slashed[0].pubkey(), actor=slashed[1], id=1, source=world.io(slashed[0]))]
    )
    world.chain.send([slashes.decide_appeal(actor=slashed[1], id=1, upheld=True, signers=members)])
    job = world.open_job(user, id=9, hours=3, from_credit=USD // 10)
    world.start_job(job, node[1])
    world.chain.warp(seconds=4_000)
    world.report_job(node, job)
    walks.settle_when_due(world, job, node)
    world.chain.warp(seconds=walks.PARAMETERS.staking.delegator_unbonding_seconds)
    found = Scene(world, node, staker, user, slashed, job, addresses.job(user[1], 1))
    found.ledger.save()
    return found


Forge = Callable[[Scene, Watch], object]


def touch(*places: Callable[[Scene], Pubkey], hidden: tuple[Callable[[Scene], Pubkey], Edit] | None = None) -> Forge:
    """A transaction that writes accounts as they are, after one changed unseen."""

    def forged(scene: Scene, watch: Watch) -> None:
        if hidden:
            scene.edit(hidden[0](scene), hidden[1])
        scene.forge(watch, {place(scene): {} for place in places})

    return forged


def write(*edits: tuple[Callable[[Scene], Pubkey], Edit]) -> Forge:
    """A transaction without a call that writes this."""
    return lambda scene, watch: scene.forge(watch, {place(scene): edit for place, edit in edits})


def tamper(run: Callable[[Scene], list[Instruction]], *edits: tuple[Callable[[Scene], Pubkey], Edit]) -> Forge:
    """A transaction that was accepted, and wrote something else than it did."""

    def forged(scene: Scene, watch: Watch) -> None:
        step = scene.run(run(scene))
        after = {place(scene): scene.edit(place(scene), edit) for place, edit in edits}
        watch(replace(step, after={**step.after, **after}))

    return forged


def more(by: int = 1) -> Callable[[int], int]:
    """So much more than it was."""
    return lambda amount: amount + by


def fixed(address: Callable[[], Pubkey]) -> Callable[[Scene], Pubkey]:
    return lambda scene: address()


def actor(scene: Scene) -> Pubkey:
    return scene.node[1]


def job(scene: Scene) -> Pubkey:
    return scene.job


def rewards(scene: Scene) -> Pubkey:
    return addresses.rewards(scene.node[1])


def staker_io(scene: Scene) -> Pubkey:
    return scene.world.io(scene.staker)


def user_usd(scene: Scene) -> Pubkey:
    return scene.world.usd(scene.user[0])


def earner(scene: Scene) -> Pubkey:
    return addresses.earner(scene.node[1])


def credit(scene: Scene) -> Pubkey:
    return addresses.credit(scene.user[1])


def bonus(scene: Scene) -> Pubkey:
    return addresses.vesting(earner(scene), 1)


def ticket(scene: Scene, id: int = 7) -> Pubkey:
    return addresses.ticket(scene.node[1], scene.staker.pubkey(), id)


def undelegating(scene: Scene) -> list[Instruction]:
    return [pools.undelegate(owner=scene.staker.pubkey(), actor=scene.node[1], amount=IO, id=7)]


def withdrawing(scene: Scene) -> list[Instruction]:
    owner = scene.staker.pubkey()
    return [pools.withdraw_ticket(actor=scene.node[1], owner=owner, id=5, destination=staker_io(scene))]


def executing(scene: Scene) -> list[Instruction]:
    admin, mint = scene.world.admin.pubkey(), scene.world.io_mint
    return [slashes.execute_slash(actor=scene.slashed[1], id=1, proposer=admin, io_mint=mint)]


def taking_back(scene: Scene, watch: Watch) -> None:
    moved = tokens.transfer(source=rewards(scene), destination=staker_io(scene), owner=scene.node[1], amount=1)
    scene.forge(watch, {rewards(scene): {"amount": more(-1)}, staker_io(scene): {"amount": more()}}, [moved])


def unseen(scene: Scene, watch: Watch) -> None:
    """An account that the ledger does not know has some of the dollars."""
    del scene.ledger.accounts[user_usd(scene)]
    scene.forge(start(scene.world), {scene.world.usd_mint: {}})


def short(place: Callable[[Scene], Pubkey], edit: Edit) -> Forge:
    """It was so before anybody looked, and now somebody does."""

    def forged(scene: Scene, watch: Watch) -> None:
        scene.edit(place(scene), edit)
        scene.forge(start(scene.world), {actor(scene): {}})

    return forged


def paid_twice(scene: Scene, watch: Watch) -> None:
    """An earner's coupons turn into IO, are there again, and turn once more."""
    held = scene.ledger.accounts[earner(scene)]
    coupons = held.coupons_base + held.coupons_bonus
    spent = {"coupon_epoch": 0, "coupons_base": 0, "coupons_bonus": 0}
    again = {name: getattr(held, name) for name in spent}
    assert coupons
    for edit, change in ((spent, -coupons), (again, coupons), (spent, -coupons)):
        total = {addresses.emission(): {"total_coupons": more(change)}}
        scene.forge(watch, {earner(scene): edit, **total})


def overpaid(scene: Scene, watch: Watch) -> None:
    """Locked IO is minted before its time."""
    left = scene.ledger.accounts[bonus(scene)].left
    paid = {bonus(scene): {"withdrawn": more(left)}, addresses.emission(): {"minted": more(left)}}
    scene.forge(watch, paid)


def early(scene: Scene, watch: Watch) -> None:
    """A ticket is paid while a slash waits."""
    step = scene.run(withdrawing(scene))
    waiting = replace(step.before[actor(scene)], pending_slashes=1)  # type: ignore[type-var] # an actor
    watch(replace(step, before={**step.before, actor(scene): waiting}))


def elsewhere(scene: Scene, watch: Watch) -> None:
    """The rent of a ticket does not arrive."""
    step, owner = scene.run(withdrawing(scene)), scene.staker.pubkey()
    written = [one._replace(lamports=one.lamports - (one.address == owner)) for one in step.outcome.written]
    watch(replace(step, outcome=step.outcome._replace(written=written)))


def silent(scene: Scene, watch: Watch) -> None:
    """A call that moved stake told nobody."""
    watch(replace(scene.run(undelegating(scene)), events=()))


def misreported(scene: Scene, watch: Watch) -> None:
    """An event tells of less than was paid."""
    step = scene.run(withdrawing(scene))
    (event,) = step.events
    watch(replace(step, events=[replace(event, fields={**event.fields, "amount": event.amount - 1})]))


def paused(scene: Scene, watch: Watch) -> None:
    member = scene.world.committee[0].pubkey()
    step = scene.run([oracle.submit_price(member=member, symbol="IO", price_nano_usd=1)])
    scene.edit(addresses.committee(), {"paused": 1})
    watch(step)


def unsigned(instruction: Instruction, key: Pubkey) -> Instruction:
    """The same, where this key did not sign."""
    metas = [
        AccountMeta(meta.pubkey, meta.is_signer and meta.pubkey != key, meta.is_writable)
        for meta in instruction.accounts
    ]
    return Instruction(instruction.program_id, bytes(instruction.data), metas)


def few(scene: Scene, watch: Watch) -> None:
    """A slash is proposed, and all but one of its signatures were none."""
    members = [member.pubkey() for member in scene.world.committee]
    admin = scene.world.admin.pubkey()
    proposing = slashes.propose_slash(
        proposer=admin, actor=scene.node[1], id=3, offence=1, evidence=bytes(32), signers=members
    )
    step = scene.run([proposing])
    signed = [unsigned(proposing, members[1])]
    watch(replace(step, calls=list(calls_of(signed))))


def forced(scene: Scene, watch: Watch) -> None:
    """Somebody's dollars became a dispute's bond, and it did not sign."""
    owner = scene.user[0].pubkey()
    disputing = escrow.dispute_job(authority=owner, job=scene.job, source=user_usd(scene), evidence=bytes(32))
    scene.run([escrow.report_job(by=scene.node[0].pubkey(), node=scene.node[1], job=scene.job, digest=bytes(32))])
    watch = start(scene.world)
    step = scene.run([disputing])
    watch(replace(step, calls=list(calls_of([unsigned(disputing, owner)]))))


def submitting(scene: Scene) -> list[Instruction]:
    members = [member.pubkey() for member in scene.world.committee]
    return [oracle.submit_price(member=member, symbol="IO", price_nano_usd=200_000_000) for member in members]


def stale(scene: Scene, watch: Watch) -> None:
    """A sale, of which the price then turns out to be old."""
    scene.run(submitting(scene))
    watch, seller = start(scene.world), scene.node[0]
    io, usd = scene.world.io(seller), scene.world.usd(seller)
    selling = burn.sell_io(
        seller=seller.pubkey(), io_mint=scene.world.io_mint, seller_io=io, seller_usd=usd, io_max=IO // 100, usd_min=0
    )
    step = scene.run([selling])
    scene.edit(addresses.feed("IO"), {"valid_until": step.time - 1})
    watch(step)


def hasty(scene: Scene, watch: Watch) -> None:
    """A slash is executed, of which the appeal was not decided."""
    step, slash = scene.run(executing(scene)), addresses.slash(scene.slashed[1], 1)
    was: Any = step.before[slash]
    watch(replace(step, before={**step.before, slash: replace(was, state=was.APPEALED)}))


def agentless(scene: Scene, watch: Watch) -> None:
    """Somebody reports for a node, and is neither its owner nor its agent."""
    owner = scene.node[0].pubkey()
    reporting = escrow.report_job(by=owner, node=scene.node[1], job=scene.job, digest=bytes(32))
    step = scene.run([reporting])
    watch(replace(step, calls=list(calls_of([swapped(reporting, owner, STRANGER)]))))


def dearer(scene: Scene, watch: Watch) -> None:
    """A job is opened at the price of another class than its own."""
    scene.world.prices()
    watch = start(scene.world)
    step, steps = None, list[Step]()
    scene.ledger.observers[:] = [steps.append]
    opened = scene.world.open_job(scene.user, id=11)
    scene.ledger.observers[:] = []
    step = steps[-1]
    after = scene.edit(opened, {"class_": "H100"})
    watch(replace(step, after={**step.after, opened: after}))


def measured(scene: Scene, watch: Watch) -> None:
    """A challenge has a node's results twice."""
    walks.challenge(scene.world, scene.node[1])
    measurement = oracle.Measurement(scene.node[1], bandwidth=1, memory=1, clock=1, compute=1, latency=1, outcome=1)
    verifier = scene.world.committee[0].pubkey()
    recording = oracle.record_challenges(
        verifier=verifier,
        challenge=addresses.challenge(verifier, 1, 1),
        secret=walks.SECRET,
        measurements=[measurement, measurement],
    )
    svm = scene.ledger.svm
    watch(Step(list(calls_of([recording])), None, svm.time, svm.slot, {}, {}, Outcome(None, [])))


def others_places(scene: Scene, watch: Watch) -> None:
    """A price stands on what the places of two other members hold."""
    instructions = submitting(scene)
    step = scene.run(instructions)
    watch(replace(step, calls=list(calls_of(instructions[:1]))))


def refused(scene: Scene, watch: Watch) -> None:
    step = scene.run(withdrawing(scene))
    watch(replace(step, refusal="Paused", before={}, after={}))


def poor(scene: Scene, watch: Watch) -> None:
    step = scene.run([escrow.end_job(authority=scene.user[0].pubkey(), job=scene.job)])
    written = [one._replace(lamports=1) if one.address == scene.job else one for one in step.outcome.written]
    watch(replace(step, outcome=step.outcome._replace(written=written)))


def richer(scene: Scene, watch: Watch) -> None:
    scene.edit(user_usd(scene), {"amount": more()})
    watch.recount()


def miscounted(scene: Scene, watch: Watch) -> None:
    scene.edit(earner(scene), {"points": more()})
    watch.recount()


def at_once(parameters: Any) -> Any:
    return replace(parameters, appeal_bond=0)


def rated(scene: Scene, watch: Watch) -> None:
    """A coupon of an epoch that nobody closed has a rate."""
    address = addresses.rates(400)
    page = bytearray(scene.ledger.accounts[address])
    before, page[16 + 16 * 400] = bytes(page), 1
    svm = scene.ledger.svm
    watch(Step((), None, svm.time, svm.slot, {address: before}, {address: bytes(page)}, Outcome(None, [])))


EMISSION, REGISTRY, AUCTION = fixed(addresses.emission), fixed(addresses.registry), fixed(addresses.auction)
COMMITTEE, BURN, INCENTIVES = fixed(addresses.committee), fixed(addresses.burn_vault), fixed(addresses.incentives_vault)
IO_FEED = fixed(lambda: addresses.feed("IO"))
LOCKED = fixed(addresses.locked_vault)
STRANGER = Pubkey.from_string("SysvarRent111111111111111111111111111111111")

FORGES: list[tuple[str, Forge, set[str]]] = [
    # The invariant; what is done; what fails with it because it says something that includes it.
    ("every_call_tells", silent, set()),
    ("every_movement_is_told", misreported, {"collateral_is_moved_by_its_instructions"}),
    (
        "every_movement_is_told",
        write((staker_io, {"amount": more(-1)}), (rewards, {"amount": more()})),
        {"nobody_pays_without_signing"},
    ),
    ("supply_is_what_accounts_hold", unseen, set()),
    (
        "supply_is_genesis_and_minted_less_burned",
        touch(lambda scene: scene.world.io_mint, hidden=(REGISTRY, {"slashed_io": more()})),
        set(),
    ),
    (
        "dollars_are_made_by_their_mint_alone",
        write((lambda scene: scene.world.usd_mint, {"supply": more()}), (user_usd, {"amount": more()})),
        {"every_movement_is_told"},
    ),
    ("nobody_profits", richer, {"sums_are_what_is_there"}),
    ("sums_are_what_is_there", miscounted, set()),
    (
        "minted_is_within_what_was_emitted",
        write((EMISSION, {"minted": more(10**16)})),
        {"emission_is_conserved", "supply_is_genesis_and_minted_less_burned"},
    ),
    (
        "emitted_is_the_schedule",
        write((EMISSION, {"emitted": more(5), "carry_compute": more(5 * Q64)})),
        set(),
    ),
    ("epochs_close_once_and_in_order", write((EMISSION, {"final_epoch": more(10**6)})), set()),
    ("points_add_up", write((EMISSION, {"total_points": more()})), set()),
    ("coupons_add_up", write((EMISSION, {"total_coupons": more()})), set()),
    ("emission_is_conserved", write((earner, {"liquid": more()})), set()),
    ("emission_is_conserved", write((EMISSION, {"carry_availability": more(-1)})), set()),
    ("rates_never_fall", rated, set()),
    ("locked_vault_holds_what_is_locked", touch(LOCKED, hidden=(EMISSION, {"locked_io": more()})), set()),
    ("vesting_pays_what_is_free", write((bonus, {"end": more()})), set()),
    ("vesting_pays_what_is_free", overpaid, {"supply_is_genesis_and_minted_less_burned"}),
    ("each_hour_pays_an_earner_once", paid_twice, set()),
    (
        "stake_vault_holds_what_is_owed",
        write((lambda scene: addresses.slash(scene.slashed[1], 1), {"bond": more()})),
        set(),
    ),
    ("shares_add_up", write((actor, {"shares": more()})), set()),
    ("tickets_add_up", write((actor, {"unbonding_shares": more()})), set()),
    ("slashes_are_counted", write((actor, {"pending_slashes": more()})), set()),
    ("pools_can_pay_everybody", short(actor, {"stake": 900 * IO}), set()),
    ("rewards_are_conserved", write((actor, {"carry": more()})), set()),
    ("rewards_accounts_hold_what_is_counted", short(rewards, {"amount": 0}), set()),
    ("index_falls_by_slashes_alone", write((actor, {"index": more(-1)})), set()),
    (
        "slashes_take_the_same_from_all",
        tamper(executing, (lambda scene: scene.slashed[1], {"index": more(-1)})),
        set(),
    ),
    ("unbonding_is_waited_for", tamper(undelegating, (ticket, {"matures_at": more(-1)})), set()),
    ("nothing_leaves_while_a_slash_waits", early, set()),
    (
        "positions_keep_their_value",
        tamper(undelegating, (ticket, {"shares": more(-1)}), (actor, {"unbonding_shares": more(-1)})),
        set(),
    ),
    (
        "collateral_is_moved_by_its_instructions",
        write((actor, {"collateral": more(-1), "stake": more()})),
        set(),
    ),
    ("rewards_are_not_taken_back", taking_back, set()),
    (
        "job_vaults_hold_what_jobs_say",
        touch(job, hidden=(lambda scene: addresses.job_vault(scene.job), {"amount": more(-1)})),
        set(),
    ),
    ("finished_jobs_have_no_vault", write((lambda scene: scene.finished, {"digest": bytes([1] * 32)})), set()),
    ("job_dollars_are_conserved", write((job, {"bond": more()})), {"job_vaults_hold_what_jobs_say"}),
    ("settled_is_what_was_worked", write((job, {"rate_per_hour": more()})), set()),
    ("each_period_is_paid_once", write((job, {"period": more()})), set()),
    ("jobs_go_the_allowed_roads", write((job, {"state": Job.ENDED})), set()),
    ("credit_is_granted_spent_or_returned", touch(credit, hidden=(credit, {"amount": more(-1)})), set()),
    ("burn_vault_is_its_flows", touch(BURN, hidden=(BURN, {"amount": more(-1)})), set()),
    ("incentives_are_their_flows", touch(INCENTIVES, hidden=(INCENTIVES, {"amount": more(-1)})), set()),
    ("auction_counts_what_it_did", write((AUCTION, {"paid_usd": more()})), set()),
    ("grants_are_made_once", write((lambda scene: addresses.grant(scene.user[1]), {"amount": more()})), set()),
    ("parameters_wait_for_their_time", write((REGISTRY, {"parameters": at_once})), set()),
    ("parameters_wait_for_their_time", write((REGISTRY, {"next_parameters_at": 2**40})), set()),
    ("members_wait_for_their_time", write((COMMITTEE, {"count": more(-1)})), set()),
    ("elections_wait_for_the_next_epoch", write((actor, {"next_election_at": 0})), set()),
    ("actors_stay_who_they_are", write((actor, {"processors": more()})), set()),
    ("admins_change_by_offer_and_acceptance", write((COMMITTEE, {"admin": STRANGER})), set()),
    ("pausers_are_the_admins_choice", write((COMMITTEE, {"pauser": STRANGER})), set()),
    ("pausers_are_the_admins_choice", write((COMMITTEE, {"paused": 31})), set()),
    ("nothing_comes_in_while_paused", paused, set()),
    ("no_exit_is_refused_by_a_pause", refused, set()),
    ("facts_have_a_majority", few, set()),
    ("prices_are_what_a_majority_says", tamper(submitting, (IO_FEED, {"price_nano_usd": more()})), set()),
    ("prices_are_what_a_majority_says", tamper(submitting, (IO_FEED, {"valid_until": more()})), set()),
    ("prices_are_what_a_majority_says", others_places, set()),
    ("stale_prices_buy_nothing", stale, set()),
    ("nobody_pays_without_signing", forced, {"owners_sign_for_what_is_theirs"}),
    ("owners_sign_for_what_is_theirs", agentless, set()),
    ("prices_are_of_what_is_bought", dearer, set()),
    ("slashes_go_the_allowed_roads", hasty, set()),
    ("nodes_are_measured_once", measured, set()),
    ("accounts_keep_their_rent", poor, set()),
    ("rent_goes_home", elsewhere, set()),
]  # fmt: skip


@pytest.mark.parametrize(("name", "forge", "also"), FORGES, ids=[f"{name}-{n}" for n, (name, *_) in enumerate(FORGES)])
def test_an_invariant_is_noticed(scene: Scene, name: str, forge: Forge, also: set[str]) -> None:
    """One forged number, and the invariant that forbids it says so, with its name; nothing else does without need."""
    scene.ledger.restore()
    watch = start(scene.world)
    with pytest.raises(Broken, match=name) as caught:
        forge(scene, watch)
    assert set(caught.value.names) == {name, *also}


def test_every_invariant_is_forged() -> None:
    """Nothing is called an invariant that was never seen to fail."""
    forged = {name for name, *_ in FORGES}
    assert forged == {*INVARIANTS, *OF_REFUSALS, *RECOUNTS, "every_call_tells", "sums_are_what_is_there"}


def test_the_walk_breaks_nothing(svm: Svm) -> None:
    """On the walk through every instruction, each invariant holds after each step and in the end."""
    world = world_on(svm, initialized=False)
    watch = start(world)
    world.chain.ledger.observers.append(watch)  # type: ignore[attr-defined] # of a `PipeChain`
    walks.walk(world)
    watch.recount()
    assert watch.steps > 90
