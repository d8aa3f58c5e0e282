"""Every account of every instruction, tried: without its signature, cloned, replaced. All must be refused.

The way of an hour is walked once. Before the first instruction of each kind is sent, it is simulated as it is, which
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

from client import addresses, bootstrap
from client.economics import IO
from client.idl import PROGRAMS, SYSTEM_PROGRAM, TOKEN_PROGRAM, idl, program_id, program_of
from client.instructions import emission, oracle
from client.network import CLASS_MULTIPLIERS_BP, Parameters
from tests.programs.world import GENESIS, PRICES_NANO_USD, Chain, World, new_world

OWNERS_CHOICE = {
    # Whoever initialises chooses the mints.
    *(("staking.initialize", "io_mint"), ("burn.initialize", "io_mint"), ("burn.initialize", "usd_mint")),
    *(("emission.initialize", "io_mint"), ("escrow.initialize", "usd_mint")),
    # Any token account of the right mint and owner will do.
    *(("staking.deposit_collateral", "source"), ("escrow.open_job", "source")),
    *(("escrow.settle_job", "node_usd"), ("escrow.finish_job", "user_usd")),
    *(("burn.sell_io", "seller_io"), ("burn.sell_io", "seller_usd")),
    *(("emission.claim", "owner_io"), ("emission.claim", "affiliate_io"), ("emission.withdraw_vested", "destination")),
    *(("emission.lock_bonus", "affiliate_io"), ("emission.lock_io", "source")),
}
"""Where another token account, or mint, that is alike in all but its address is as good."""

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
                if place < len(accounts) and not self._pays_alone(name):
                    stranger = AccountMeta(self.payer.pubkey(), is_signer=True, is_writable=meta.is_writable)
                    yield Tampered(f"{name}: {account} is a stranger", _with(instruction, place, stranger))
                continue
            found = self.account(meta.pubkey)
            if found is None:
                yield Tampered(f"{name}: {account} is elsewhere", self._replaced(instruction, place, self._nobody()))
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

    @staticmethod
    def _pays_alone(name: str) -> bool:
        """Instructions that anyone may sign: the signer only pays."""
        return name in {"emission.open_rates", "emission.create_earner", "emission.lock_bonus"}

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


def walk(world: World, prober: Prober) -> None:
    """Every instruction once, in the order of an hour."""
    for step in bootstrap.initialize_programs(
        world.admin,
        io_mint=world.io_mint,
        usd_mint=world.usd_mint,
        members=[member.pubkey() for member in world.committee],
        router=world.router.pubkey(),
        pauser=world.pauser.pubkey(),
        genesis=GENESIS,
        classes={name: CLASS_MULTIPLIERS_BP[name] for name in PRICES_NANO_USD if name != "IO"},
        parameters=Parameters(),
    ):
        prober.send(step.instructions, *step.signers)
    world.prices()
    affiliate = world.person()
    node, user = world.node(dollar_share_bp=3_000, affiliate=affiliate.pubkey()), world.user()

    verifier, secret = world.committee[0], sha256(b"secret").digest()
    challenge = addresses.challenge(verifier.pubkey(), 1, 1)
    commitment = oracle.commit_challenge(
        verifier=verifier.pubkey(), epoch=1, round=1, commitment=sha256(secret).digest()
    )
    prober.send([commitment], verifier)
    for _ in range(2):
        world.chain.warp(slots=1)
    prober.send([oracle.draw_challenge(challenge=challenge)], world.admin)
    measured = oracle.Measurement(node[1], bandwidth=1, memory=1, clock=1, compute=1, latency=1, outcome=1)
    record = oracle.record_challenges(
        verifier=verifier.pubkey(), challenge=challenge, secret=secret, measurements=[measured]
    )
    prober.send([record], verifier)

    job = world.open_job(user)
    world.start_job(job, node[1])
    world.end_of(1)
    world.report_job(node, job)
    world.settle_job(job, node)
    crediting = emission.credit_coupons(
        coupon_authority=addresses.terms(), actor=node[1], coupon_epoch=1, base=1, bonus=1
    )
    prober.probe(crediting)  # by escrow alone: no key signs it
    world.finish_job(job, user)
    world.post_scores(1, (node[1], 1, 1))
    world.finalize(1)
    world.close(1)
    world.claim(node, affiliate=affiliate.pubkey())
    locking = emission.lock_bonus(
        payer=node[0].pubkey(),
        actor=node[1],
        coupon_epoch=0,
        closed_epoch=1,
        io_mint=world.io_mint,
        affiliate_io=world.io(affiliate),
    )
    prober.send([locking], node[0])
    lock = emission.lock_io(
        depositor=node[0].pubkey(),
        beneficiary=user[0].pubkey(),
        id=1,
        source=world.io(node[0]),
        amount=IO,
        start=GENESIS,
        end=GENESIS + 1,
        step_seconds=1,
    )
    prober.send([lock], node[0])
    world.chain.warp(seconds=1_000)
    withdrawing = emission.withdraw_vested(
        beneficiary=node[0].pubkey(),
        vesting=addresses.vesting(addresses.earner(node[1]), 1),
        io_mint=world.io_mint,
        destination=world.io(node[0]),
    )
    prober.send([withdrawing], node[0])
    world.prices()
    world.sell_io(node[0], IO)


def test_no_account_of_any_instruction_can_be_tampered_with() -> None:
    """A missing signature, a stranger's, a clone and a wrong address are refused, in all instructions there are."""
    with new_world(initialized=False) as world:
        prober = Prober(world.chain, world.person())
        world.chain.send = prober.send  # type: ignore[method-assign] # so that the world's short words go through it
        walk(world, prober)
    assert prober.seen == {name for name, _ in INSTRUCTIONS.values()}
    assert prober.accepted == []
    assert prober.refused > 200
