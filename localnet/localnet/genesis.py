"""What exists before the first block: programs, funded accounts, the faucet."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from solders.account import Account
from solders.keypair import Keypair
from solders.litesvm import LiteSVM
from solders.pubkey import Pubkey

from .message import SYSTEM_PROGRAM, UPGRADEABLE_LOADER

_NATIVE_MINT = Pubkey.from_string("So11111111111111111111111111111111111111112")
_TOKEN_PROGRAM = Pubkey.from_string("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA")
FAUCET_LAMPORTS = 500_000_000 * 10**9


@dataclass(frozen=True, slots=True)
class Program:
    """A program to deploy at genesis; without an authority it can never be upgraded."""

    address: Pubkey
    path: Path
    authority: Pubkey | None


@dataclass(frozen=True, slots=True)
class Genesis:
    """Everything that decides how the chain starts."""

    seed: int
    time: int
    """Unix time of slot 0, in seconds."""
    wall_clock: bool
    """Whether the chain's clock follows real time; otherwise it moves by warps alone."""
    programs: list[Program] = field(default_factory=list)
    balances: list[tuple[Pubkey, int]] = field(default_factory=list)
    """Accounts funded at genesis, in lamports."""

    def faucet(self) -> Keypair:
        """The keypair that pays airdrops."""
        return self._keypair("faucet")

    def identity(self) -> Pubkey:
        """The node's public key: nothing is signed with it."""
        return self._keypair("identity").pubkey()

    def _keypair(self, role: str) -> Keypair:
        return Keypair.from_seed(hashlib.sha256(f"ionet-localnet {role} {self.seed}".encode()).digest())


def build(svm: LiteSVM, config: Genesis) -> None:
    """Write the genesis accounts."""
    for address, lamports in [(config.faucet().pubkey(), FAUCET_LAMPORTS), *config.balances]:
        svm.set_account(address, Account(lamports, b"", SYSTEM_PROGRAM, False, 0))
    # Wrapped SOL: no authority, no supply of its own, 9 decimals, initialised.
    mint = bytes(36 + 8) + bytes([9, 1]) + bytes(36)
    svm.set_account(_NATIVE_MINT, Account(10**9, mint, _TOKEN_PROGRAM, False, 0))
    for program in config.programs:
        deploy(svm, program)


def deploy(svm: LiteSVM, program: Program) -> None:
    """Write a program account and its data account, as the upgradeable loader lays them out."""
    address, _ = Pubkey.find_program_address([bytes(program.address)], UPGRADEABLE_LOADER)
    authority = b"\1" + bytes(program.authority) if program.authority else bytes(33)
    data = (3).to_bytes(4, "little") + (0).to_bytes(8, "little") + authority + program.path.read_bytes()
    # The data first: LiteSVM compiles the program when its account is written.
    for key, content, executable in (
        (address, data, False),
        (program.address, (2).to_bytes(4, "little") + bytes(address), True),
    ):
        lamports = svm.minimum_balance_for_rent_exemption(len(content))
        svm.set_account(key, Account(lamports, content, UPGRADEABLE_LOADER, executable, 0))
