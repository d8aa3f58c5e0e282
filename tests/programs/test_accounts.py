"""Every account of every instruction, tried: without its signature, cloned, replaced. All must be refused.

Every instruction is sent once. Before the first instruction of each kind is sent, it is simulated as it is, which
must succeed, and with one account after the other tampered with, which must not.
"""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from pyheck import snake
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import Message
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import Transaction

from client.idl import PROGRAMS, SYSTEM_PROGRAM, TOKEN_PROGRAM, idl, program_id, program_of
from tests.programs.chain import Chain
from tests.programs.walk import walk
from tests.programs.world import new_world

OWNERS_CHOICE = {
    # Whoever initialises chooses the mints.
    *(("staking.initialize", "io_mint"), ("burn.initialize", "io_mint"), ("burn.initialize", "usd_mint")),
    *(("emission.initialize", "io_mint"), ("escrow.initialize", "usd_mint")),
    # Any token account of the right mint and owner will do.
    *(("staking.deposit_collateral", "source"), ("escrow.open_job", "source")),
    *(("escrow.settle_job", "node_usd"), ("escrow.finish_job", "user_usd")),
    *(("escrow.extend_job", "source"), ("escrow.dispute_job", "source"), ("escrow.resolve_dispute", "node_usd")),
    *(("staking.delegate", "source"), ("staking.appeal_slash", "source"), ("staking.claim_rewards", "destination")),
    *(("staking.withdraw_ticket", "destination"), ("staking.dismiss_slash", "destination")),
    ("burn.grant_owner", "owner_usd"),
    *(("burn.sell_io", "seller_io"), ("burn.sell_io", "seller_usd")),
    *(("emission.claim", "owner_io"), ("emission.claim", "affiliate_io"), ("emission.withdraw_vested", "destination")),
    *(("emission.lock_bonus", "affiliate_io"), ("emission.lock_io", "source")),
}
"""Where another token account, or mint, that is alike in all but its address is as good."""

ANYONE = {
    # The signer only pays.
    *("emission.open_rates", "emission.create_earner", "emission.lock_bonus", "staking.open_pool"),
    *("staking.open_delegation", "staking.propose_slash", "escrow.open_credit", "burn.grant_user", "burn.grant_owner"),
    # The job was ended by its user.
    "escrow.finish_job",
}
"""Whose first signer may be anyone; the committee's members sign after it."""

CLONED_BYTES = 16_384
"""More than any account but a program's code has."""

INSTRUCTIONS = {
    (program, sha256(f"global:{snake(ix.name)}".encode()).digest()[:8]): (
        f"{program}.{snake(ix.name)}",
        [snake(account.name) for account in ix.accounts],
    )
    for program in PROGRAMS
    for ix in idl(program).instructions
}
"""Name, and names of the accounts, by program and discriminator."""


@dataclass(frozen=True)
class Tampered:
    """An instruction with one account that is not as it must be."""

    what: str
    instruction: Instruction


@dataclass
class Prober:
    """Sends instructions one by one, and tampers with each kind first."""

    chain: Chain
    payer: Keypair
    seen: set[str] = field(default_factory=set)
    accepted: list[str] = field(default_factory=list)
    """What was tampered with and not refused."""
    refused: int = 0

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
        """Tampers with an instruction of ours that was not seen before."""
        program = program_of(instruction.program_id)
        known = INSTRUCTIONS.get((program, bytes(instruction.data[:8]))) if program else None
        if known is None or known[0] in self.seen:
            return
        name, accounts = known
        self.seen.add(name)
        problem = self.simulate(instruction)
        assert problem is None, f"{name} itself is refused: {problem}"
        for tampered in self.variations(name, accounts, instruction):
            if self.simulate(tampered.instruction) is None:
                self.accepted.append(tampered.what)
            else:
                self.refused += 1

    def variations(self, name: str, accounts: Sequence[str], instruction: Instruction) -> Iterator[Tampered]:
        for place, meta in enumerate(instruction.accounts):
            account = accounts[place] if place < len(accounts) else f"remaining {place}"
            if meta.is_signer:
                silent = AccountMeta(meta.pubkey, is_signer=False, is_writable=meta.is_writable)
                yield Tampered(f"{name}: {account} did not sign", _with(instruction, place, silent))
                if place < len(accounts) and name not in ANYONE:
                    stranger = AccountMeta(self.payer.pubkey(), is_signer=True, is_writable=meta.is_writable)
                    yield Tampered(f"{name}: {account} is a stranger", _with(instruction, place, stranger))
                continue
            found = self.account(meta.pubkey)
            others = [other.pubkey for other in instruction.accounts[:place]]
            if found is None:
                yield Tampered(f"{name}: {account} is elsewhere", self._replaced(instruction, place, self._nobody()))
            elif account == "program" and instruction.program_id in others:
                continue  # Anchor only wants it among the accounts; an absent optional account is it as well.
            elif found["executable"]:
                other = program_id("burn" if meta.pubkey == program_id("oracle") else "oracle")
                yield Tampered(f"{name}: {account} is another program", self._replaced(instruction, place, other))
            elif base64.b64decode(found["data"][0]):
                clone = self.clone(found, SYSTEM_PROGRAM)
                yield Tampered(f"{name}: {account} is another owner's", self._replaced(instruction, place, clone))
                if found["owner"] == str(TOKEN_PROGRAM) and (name, account) not in OWNERS_CHOICE:
                    # Anyone can make one that is alike: a vault of the same mint and authority, a mint.
                    clone = self.clone(found, TOKEN_PROGRAM)
                    yield Tampered(f"{name}: {account} is elsewhere", self._replaced(instruction, place, clone))

    def _replaced(self, instruction: Instruction, place: int, address: Pubkey) -> Instruction:
        meta = instruction.accounts[place]
        return _with(instruction, place, AccountMeta(address, meta.is_signer, meta.is_writable))

    def _nobody(self) -> Pubkey:
        return Pubkey(sha256(b"nobody %d" % self.refused).digest())

    def account(self, address: Pubkey) -> Any:
        options = {"encoding": "base64", "commitment": "processed"}
        return self.chain.call("getAccountInfo", str(address), options)["value"]

    def clone(self, found: Any, owner: Pubkey) -> Pubkey:
        """The same bytes at another address, as another program's or the same's; of a program's code the beginning."""
        address = Pubkey(sha256(b"clone %d %s" % (self.refused, bytes(owner))).digest())
        beginning = base64.b64encode(base64.b64decode(found["data"][0])[:CLONED_BYTES]).decode()
        data = {"data": beginning, "lamports": found["lamports"], "owner": str(owner)}
        self.chain.call("localnet_setAccount", str(address), data)
        return address

    def simulate(self, instruction: Instruction) -> Any:
        """What is wrong with it; None where nothing is. Signatures are not checked, only asked for."""
        blockhash = self.chain.blockhash()
        message = Message.new_with_blockhash([instruction], self.payer.pubkey(), blockhash)
        signatures = [Signature.default()] * message.header.num_required_signatures
        encoded = base64.b64encode(bytes(Transaction.populate(message, signatures))).decode()
        options = {"encoding": "base64", "sigVerify": False, "commitment": "processed"}
        return self.chain.call("simulateTransaction", encoded, options)["value"]["err"]


def _with(instruction: Instruction, place: int, meta: AccountMeta) -> Instruction:
    metas = list(instruction.accounts)
    metas[place] = meta
    return Instruction(instruction.program_id, instruction.data, metas)


def test_no_account_of_any_instruction_can_be_tampered_with() -> None:
    """A missing signature, a stranger's, a clone and a wrong address are refused, in all instructions there are."""
    with new_world(initialized=False) as world:
        prober = Prober(world.chain, world.person())
        world.chain.send = prober.send  # type: ignore[method-assign] # so that the world's short words go through it
        walk(world, prober.probe)
    assert prober.seen == {name for name, _ in INSTRUCTIONS.values()}
    assert prober.accepted == []
    assert prober.refused > 200
