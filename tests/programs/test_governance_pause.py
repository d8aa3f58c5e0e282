"""What a paused program refuses, and what goes on: every instruction of the five programs, one by one."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from solders.instruction import Instruction

from client import addresses
from client.accounts import offset_of
from client.idl import PROGRAMS, ProgramName
from client.state import PAUSE_BITS, Committee
from tests.proof.layout import declared
from tests.proof.ledger import Ledger, calls_of
from tests.proof.substitution.tour import tour
from tests.proof.svm import Trial, start_svm
from tests.proof.world import world_on

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
    """Tries each instruction, before it is first sent, under three pauses."""

    wrong: dict[str, list[str | None]] = field(default_factory=dict)
    """What was answered, where it was not what the tables say."""
    seen: set[str] = field(default_factory=set)

    def see(self, ledger: Ledger, instructions: Sequence[Instruction]) -> None:
        for call in calls_of(instructions):
            if call.name in self.seen:
                continue
            self.seen.add(call.name)
            committee = ledger.svm.get(addresses.committee())[0]
            if not committee.lamports:
                assert call.name == "oracle.initialize"
                continue
            program, name = call.declared.program, call.name.split(".")[1]
            bit, paused = PAUSE_BITS[program], offset_of(Committee, "paused")
            trials = []
            for bits in (0, bit, ALL, ALL & ~bit):
                data = committee.data[:paused] + bytes([bits]) + committee.data[paused + 1 :]
                trials.append(Trial([call.instruction], [committee._replace(data=data)]))
            answers = [outcome.refusal for outcome in ledger.svm.tries(trials)]
            own = "Paused" if name in REFUSED[program] else None
            if answers != [None, own, own, None]:
                self.wrong[call.name] = answers


def test_every_instruction_is_refused_or_goes_on() -> None:
    """A new instruction joins one of the tables."""
    for program in PROGRAMS:
        named = {one.name.split(".")[1] for one in declared().values() if one.program == program}
        assert REFUSED[program] | GOES_ON[program] | EVERYWHERE == named
        assert not REFUSED[program] & (GOES_ON[program] | EVERYWHERE)


def test_a_pause_stops_its_program_and_no_other() -> None:
    """Under its own pause and under that of all, the tables hold; while all others are paused, everything goes on."""
    pauser = Pauser()
    with start_svm() as svm:
        tour(world_on(svm, initialized=False), pauser.see)
    assert pauser.wrong == {}
    assert pauser.seen == {one.name for one in declared().values()}
