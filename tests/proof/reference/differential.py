"""The reference beside the chain: each accepted call is applied to both, and every amount and balance compared.

Equal to the base unit, or rounded down (up) from the exact value, as each comparison says. What a payment left owed
stays owed in the reference, so that no roundings add up unseen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, cast

from solders.pubkey import Pubkey

from client import state
from tests.programs.world import World
from tests.proof.ledger import Call, Ledger, Step, Tokens
from tests.proof.machine.invariants_books import direct_moves, told
from tests.proof.machine.invariants_tokens import moves_of
from tests.proof.reference.comparing import compare
from tests.proof.reference.earning import Earner, Locked
from tests.proof.reference.exact import Mismatch, same
from tests.proof.reference.loading import Model, load
from tests.proof.reference.refusals import require_refusable

OPENED = {state.Committee, state.Registry, state.Emission, state.Auction, state.Terms}
NOBODY = Pubkey.default()


class Differential:
    """An observer that applies each step to the model; raises `Mismatch`."""

    def __init__(self, world: World) -> None:
        self.ledger: Ledger = cast(Any, world.chain).ledger
        self.world = world
        self.model: Model | None = None
        self.applied = Counter[str]()
        """Calls compared, by name."""
        self.refused = Counter[str]()
        """Refusals that the model agreed with, by name."""
        self._load()

    def _load(self) -> None:
        if {type(known) for known in self.ledger.accounts.values()} >= OPENED:
            self.model = load(self.ledger)

    def __call__(self, step: Step) -> None:
        if self.model is None:
            self._load()
        elif step.refusal is None:
            _Round(self, self.model, step).apply()
        else:
            self._refused(self.model, step)

    def _refused(self, model: Model, step: Step) -> None:
        require_refusable(model, self.world, self.ledger, step)
        self.refused.update(call.name for call in step.calls)


def start(world: World) -> Differential:
    """An observer of the world's ledger, for `ledger.observers`; start another after a `restore`."""
    return Differential(world)


class _Round:
    """One accepted step."""

    def __init__(self, owner: Differential, model: Model, step: Step) -> None:
        self.owner, self.model, self.step, self.now = owner, model, step, step.time

    def apply(self) -> None:
        for source, to, amount in direct_moves(self.step):
            self._move(source, to, amount)
        for call, event in told(self.step):
            program, name = call.name.split(".")
            at, args = call.accounts, call.arguments
            donated = 0
            if event and call.name == "escrow.finish_job":
                donated = self.model.balances[at["vault"]] - event.refund - event.credit - event.bond
                same(donated >= 0, True, "the vault holds what is paid out of", event.job)
            if program != "oracle" and name == "set_parameters":
                self._set(program, args["parameters"])
            elif handler := HANDLERS.get(call.name):
                handler(self, at, args, event, call)
            else:
                continue
            if event:
                for source, to, amount in moves_of(call, event, donated):
                    self._move(source, to, amount)
            self.owner.applied[call.name] += 1
        compare(self.model, self.step)

    def _move(self, source: Pubkey | None, to: Pubkey | None, amount: int) -> None:
        for end, sign in ((source, -1), (to, 1)):
            if end and amount:
                self.model.balances[end] += sign * amount

    def _known(self, address: Pubkey) -> Any:
        return self.owner.ledger.accounts[address]

    def _set(self, program: str, parameters: Any) -> None:
        self.model.settings[program].propose(parameters, self.now, self.model.takes_effect(self.now))

    # Each handler gets the accounts by name, the arguments by name, and the event where something moves.

    def oracle_parameters(self, at: Mapping[str, Pubkey], args: dict[str, Any], *_: Any) -> None:
        self._set("oracle", args["parameters"])

    def register(self, at: Mapping[str, Pubkey], args: dict[str, Any], event: Any, call: Call) -> None:
        kind = 1 if call.name == "staking.register_node" else 2
        multiplier = self._known(at["class"]).multiplier_bp if kind == 1 else 0
        self.model.register(at["actor"], at["authority"], args, kind, multiplier)

    def elect(self, at: Mapping[str, Pubkey], args: dict[str, Any], *_: Any) -> None:
        pool = self.model.staking.pools[at["actor"]]
        pool.election.propose(args["election"], self.now, self.model.epoch_start_from(self.now + 1))

    def open_pool(self, at: Mapping[str, Pubkey], *_: Any) -> None:
        self.model.staking.pools[at["actor"]].rewards = at["rewards"]

    def deposit(self, at: Mapping[str, Pubkey], args: dict[str, Any], event: Any, *_: Any) -> None:
        same(event.amount, args["amount"], "the collateral deposited")
        self.model.staking.pools[at["actor"]].collateral += event.amount

    def open_delegation(self, at: Mapping[str, Pubkey], args: dict[str, Any], *_: Any) -> None:
        self.model.open_delegation(at["delegation"], args["owner"], at["actor"])

    def pool(self, at: Mapping[str, Pubkey], args: dict[str, Any], event: Any, call: Call) -> None:
        """What counts rewards first."""
        staking, name = self.model.staking, call.name.split(".")[1]
        told_rewards = self._closed_rewards() if event is None else event.rewards
        staking.count(at["actor"], self.model.balances[at["rewards"]], told_rewards)
        if name != "claim_rewards" and event:
            same(event.amount, args["amount"], name)
        if name == "delegate":
            staking.delegate(at["delegation"], event)
        elif name == "undelegate":
            staking.undelegate(at["delegation"], at["ticket"], event, self.now)
        elif name == "claim_rewards":
            staking.claim(at["delegation"], event)
        else:
            staking.close(at["delegation"])

    def _closed_rewards(self) -> int:
        return next(event for event in self.step.events if event.name == "staking.DelegationClosed").rewards  # type: ignore[no-any-return]

    def unlock(self, at: Mapping[str, Pubkey], args: dict[str, Any], event: Any, *_: Any) -> None:
        same(event.amount, args["amount"], "the collateral asked for")
        self.model.staking.unlock(at["ticket"], event, self.now)

    def withdraw_ticket(self, at: Mapping[str, Pubkey], args: dict[str, Any], event: Any, *_: Any) -> None:
        self.model.staking.withdraw(at["ticket"], event, self.now)

    def slash(self, at: Mapping[str, Pubkey], args: dict[str, Any], event: Any, call: Call) -> None:
        self.model.slash(call.name, at, args, event, self.now)

    def create_earner(self, at: Mapping[str, Pubkey], *_: Any) -> None:
        emission = self.model.emission
        emission.earners[at["actor"]] = Earner(at["actor"], since=emission.per_point)

    def scores(self, at: Mapping[str, Pubkey], args: dict[str, Any], event: Any, call: Call) -> None:
        rest = call.instruction.accounts[len(call.declared.accounts) :]
        while rest and rest[0].is_signer:
            rest = rest[1:]
        for meta, score in zip(rest, args["scores"], strict=True):
            actor = self._known(meta.pubkey).actor
            self.model.emission.score(actor, args["epoch"], score.points, score.reputation)

    def final(self, at: Mapping[str, Pubkey], args: dict[str, Any], *_: Any) -> None:
        self.model.emission.final = args["epoch"]

    def close(self, at: Mapping[str, Pubkey], args: dict[str, Any], event: Any, *_: Any) -> None:
        self.model.emission.close(event, args["through"], self.now)

    def claim(self, at: Mapping[str, Pubkey], args: dict[str, Any], event: Any, call: Call) -> None:
        emission, bonus = self.model.emission, call.name == "emission.lock_bonus"
        commission_bp, affiliate_bp = self.model.parts_of(event.actor, self.now)
        emission.pay(event, bonus=bonus, commission_bp=commission_bp, affiliate_bp=affiliate_bp)
        if bonus:
            end = self.now + emission.parameters.at(self.now).lock_seconds
            same((event.start, event.end), (self.now, end), "the lock of", event.vesting)
            locked = Locked(event.beneficiary, event.owner, self.now, end, 1, funded=False)
            emission.vestings[event.vesting] = locked

    def lock_io(self, at: Mapping[str, Pubkey], args: dict[str, Any], event: Any, *_: Any) -> None:
        same(event.amount, args["amount"], "the IO locked")
        locked = Locked(
            at["beneficiary"], args["amount"], args["start"], args["end"], args["step_seconds"], funded=True
        )
        self.model.emission.vestings[at["vesting"]] = locked

    def withdraw_vested(self, at: Mapping[str, Pubkey], args: dict[str, Any], event: Any, *_: Any) -> None:
        self.model.emission.withdraw(at["vesting"], event, self.now)

    def open_job(self, at: Mapping[str, Pubkey], args: dict[str, Any], event: Any, *_: Any) -> None:
        same(event.price_nano_usd, self._price(at), "the price of", event.job)
        reputation = self.model.emission.earners[event.user].reputation
        self.model.escrow.open(event, args, reputation, self.now)

    def _price(self, at: Mapping[str, Pubkey]) -> int:
        return int(self._known(at["feed"]).price_nano_usd)

    def extend_job(self, at: Mapping[str, Pubkey], args: dict[str, Any], event: Any, *_: Any) -> None:
        self.model.escrow.extend(event, args["hours"], self._price(at))

    def work(self, at: Mapping[str, Pubkey], args: dict[str, Any], event: Any, call: Call) -> None:
        self.model.work(call.name, at, args, event, self.now)

    def settle_job(self, at: Mapping[str, Pubkey], args: dict[str, Any], event: Any, *_: Any) -> None:
        model, actor = self.model, self._known(event.node)
        job = model.escrow.jobs[event.job]
        taker = self.step.before.get(job.affiliate_usd) or self.owner.ledger.accounts.get(job.affiliate_usd)
        model.escrow.settle(
            event,
            self.now,
            share_bp=model.staking.pools[event.node].election.at(self.now).dollar_share_bp,
            has_collateral=actor.collateral >= actor.collateral_required,
            pays_affiliate=isinstance(taker, Tokens) and taker.mint == self.owner.world.usd_mint,
        )
        if event.coupons_base or event.coupons_bonus or event.coupons_user:
            model.emission.credit(event.node, event.coupons_base, event.coupons_bonus)
        if event.coupons_user:
            model.emission.credit(job.user, 0, event.coupons_user)

    def sell_io(self, at: Mapping[str, Pubkey], args: dict[str, Any], event: Any, *_: Any) -> None:
        vault = self.model.balances[at["vault"]]
        self.model.burn.sell(event, args["io_max"], args["usd_min"], vault, self._price(at), self.now)

    def grant(self, at: Mapping[str, Pubkey], args: dict[str, Any], event: Any, call: Call) -> None:
        terms = self.model.burn.parameters.at(self.now)
        if call.name == "burn.grant_owner":
            hours = self.model.emission.proven_hours(event.actor)
            if hours < terms.owner_grant_hours:
                raise Mismatch(f"{event.actor} was granted dollars after {hours} proven hours")
        owners = call.name == "burn.grant_owner"
        self.model.burn.grant(event, terms.owner_grant if owners else terms.user_grant)


Handler = Callable[[_Round, Mapping[str, Pubkey], dict[str, Any], Any, Call], None]
HANDLERS: dict[str, Handler] = {
    "oracle.set_parameters": _Round.oracle_parameters,
    "staking.register_node": _Round.register,
    "staking.register_user": _Round.register,
    "staking.elect": _Round.elect,
    "staking.open_pool": _Round.open_pool,
    "staking.deposit_collateral": _Round.deposit,
    "staking.withdraw_collateral": _Round.unlock,
    "staking.open_delegation": _Round.open_delegation,
    "staking.withdraw_ticket": _Round.withdraw_ticket,
    "emission.create_earner": _Round.create_earner,
    "emission.post_scores": _Round.scores,
    "emission.finalize_scores": _Round.final,
    "emission.close_epochs": _Round.close,
    "emission.claim": _Round.claim,
    "emission.lock_bonus": _Round.claim,
    "emission.lock_io": _Round.lock_io,
    "emission.withdraw_vested": _Round.withdraw_vested,
    "escrow.open_job": _Round.open_job,
    "escrow.extend_job": _Round.extend_job,
    "escrow.settle_job": _Round.settle_job,
    "burn.sell_io": _Round.sell_io,
    "burn.grant_user": _Round.grant,
    "burn.grant_owner": _Round.grant,
    **{
        f"staking.{name}": _Round.pool
        for name in ("delegate", "undelegate", "claim_rewards", "close_delegation")
    },
    **{
        f"staking.{name}_{what}": _Round.slash
        for name, what in (
            ("propose", "slash"), ("appeal", "slash"), ("decide", "appeal"), ("execute", "slash"), ("dismiss", "slash"),
        )
    },
    **{
        f"escrow.{name}": _Round.work
        for name in (
            "start_job", "report_job", "release_job", "end_job", "dispute_job", "resolve_dispute", "lapse_dispute",
            "finish_job",
        )
    },
}  # fmt: skip
