"""What a paused program refuses, and what goes on: every instruction of the five programs, one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from solders.instruction import Instruction
from solders.keypair import Keypair

from client import addresses
from client.idl import PROGRAMS, ProgramName, program_of
from client.state import PAUSE_BITS, Committee
from tests.programs.chain import Chain, error_name
from tests.programs.test_accounts import INSTRUCTIONS, Prober
from tests.programs.walk import walk
from tests.programs.world import new_world

REFUSED: dict[ProgramName, set[str]] = {
    "oracle": {"create_feed", "submit_price", "commit_challenge", "record_challenges"},
    "staking": {
        *("register_node", "register_user", "elect", "deposit_collateral"),
        *("open_pool", "open_delegation", "delegate"),
        *("propose_slash", "execute_slash"),
    },
    "emission": {"post_scores", "finalize_scores", "close_epochs", "lock_io"},
    "burn": {"sell_io", "grant_user", "grant_owner"},
    "escrow": {"open_job", "extend_job", "start_job", "open_credit"},
}
"""What lets money in, and what makes new facts."""

GOES_ON: dict[ProgramName, set[str]] = {
    "oracle": {
        "draw_challenge",
        *("rotate_committee", "offer_admin", "accept_admin", "set_pauser", "set_paused"),
    },
    "staking": {
        "add_class",
        *("undelegate", "withdraw_collateral", "withdraw_ticket", "claim_rewards", "close_delegation"),
        *("appeal_slash", "decide_appeal", "dismiss_slash"),
        *("name_agent", "announce_agent"),
    },
    "emission": {"create_earner", "open_rates", "credit_coupons", "claim", "lock_bonus", "withdraw_vested"},
    "burn": set(),
    "escrow": {
        *("report_job", "settle_job", "end_job", "finish_job", "release_job"),
        *("dispute_job", "resolve_dispute", "lapse_dispute"),
    },
}
"""What lets people out, settles what is owed, or defends them; and the offices."""

EVERYWHERE = {"initialize", "set_parameters"}
"""The admin's, of every program: they go on."""

ALL = sum(PAUSE_BITS.values())


@dataclass
class Pauser:
    """Simulates each instruction, before it is first sent, under three pauses."""

    chain: Chain
    prober: Prober
    wrong: dict[str, list[str | None]] = field(default_factory=dict)
    """What was answered, where it was not what the tables say."""
    seen: set[str] = field(default_factory=set)

    def send(self, instructions: Sequence[Instruction], *signers: Keypair) -> str:
        """In the place of the chain's own."""
        signature = ""
        for instruction in instructions:
            self.probe(instruction)
            needed = {meta.pubkey for meta in instruction.accounts if meta.is_signer} | {signers[0].pubkey()}
            chosen = [signer for signer in signers if signer.pubkey() in needed]
            signature = Chain.send(self.chain, [instruction], *chosen)
        return signature

    def probe(self, instruction: Instruction) -> None:
        program = program_of(instruction.program_id)
        known = INSTRUCTIONS.get((program, bytes(instruction.data[:8]))) if program else None
        if program is None or known is None or known[0] in self.seen:
            return
        self.seen.add(known[0])
        if not self.chain.exists(addresses.committee()):
            assert known[0] == "oracle.initialize"
            return
        bit = PAUSE_BITS[program]
        before = self.chain.account(Committee, addresses.committee()).paused
        answers = [self.under(paused, instruction) for paused in (0, bit, ALL, ALL & ~bit)]
        self.pause(before)
        own = "Paused" if known[0].split(".")[1] in REFUSED[program] else None
        if answers != [None, own, own, None]:
            self.wrong[known[0]] = answers

    def under(self, paused: int, instruction: Instruction) -> str | None:
        """What is wrong with it while these programs are paused."""
        self.pause(paused)
        problem = self.prober.simulate(instruction)
        return None if problem is None else error_name(problem)

    def pause(self, paused: int) -> None:
        self.chain.forge(Committee, addresses.committee(), "paused", paused, size=1)


def test_every_instruction_is_refused_or_goes_on() -> None:
    """A new instruction joins one of the tables."""
    for program in PROGRAMS:
        named = {name.split(".")[1] for name, _ in INSTRUCTIONS.values() if name.startswith(f"{program}.")}
        assert REFUSED[program] | GOES_ON[program] | EVERYWHERE == named
        assert not REFUSED[program] & (GOES_ON[program] | EVERYWHERE)


def test_a_pause_stops_its_program_and_no_other() -> None:
    """Under its own pause and under that of all, the tables hold; while all others are paused, everything goes on."""
    with new_world(initialized=False) as world:
        pauser = Pauser(world.chain, Prober(world.chain, world.person()))
        world.chain.send = pauser.send  # type: ignore[method-assign] # so that the world's short words go through it
        walk(world, pauser.probe)
    assert pauser.wrong == {}
    assert pauser.seen == {name for name, _ in INSTRUCTIONS.values()}
