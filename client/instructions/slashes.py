"""Instructions of `staking`: slashing, from the proposal to its end."""

from __future__ import annotations

from collections.abc import Sequence

from solders.instruction import Instruction
from solders.pubkey import Pubkey

from client import addresses
from client.idl import build, signing


def propose_slash(
    *, proposer: Pubkey, actor: Pubkey, id: int, offence: int, evidence: bytes, signers: Sequence[Pubkey]
) -> Instruction:
    """Says that an actor has committed an offence (1 to 5: `client.offences`), as its slash number `id`.

    Signed by `proposer`, which pays the rent and gets it back, and by `signers`, a strict majority of the
    committee. `evidence`: a SHA-256. Derived: committee, registry, slash.
    """
    accounts = {
        "proposer": proposer,
        "committee": addresses.committee(),
        "registry": addresses.registry(),
        "actor": actor,
        "slash": addresses.slash(actor, id),
    }
    args = {"id": id, "offence": offence, "evidence": list(evidence)}
    return build("staking", "propose_slash", accounts, args, signing(signers))


def appeal_slash(*, authority: Pubkey, actor: Pubkey, id: int, source: Pubkey) -> Instruction:
    """Appeals against a slash, and locks the bond from the IO account `source` of `authority`.

    Signed by `authority`, the actor's. Derived: registry, slash, vault.
    """
    accounts = {
        "authority": authority,
        "registry": addresses.registry(),
        "actor": actor,
        "slash": addresses.slash(actor, id),
        "vault": addresses.stake_vault(),
        "source": source,
    }
    return build("staking", "appeal_slash", accounts)


def decide_appeal(*, actor: Pubkey, id: int, upheld: bool, signers: Sequence[Pubkey]) -> Instruction:
    """Decides an appeal: the slash is upheld, or dropped.

    Signed by `signers`, a strict majority of the committee. Derived: committee, slash.
    """
    accounts = {"committee": addresses.committee(), "slash": addresses.slash(actor, id)}
    return build("staking", "decide_appeal", accounts, {"upheld": upheld}, signing(signers))


def execute_slash(*, actor: Pubkey, id: int, proposer: Pubkey, io_mint: Pubkey) -> Instruction:
    """Burns what a slash costs, as soon as it is upheld or nobody appealed in time.

    Signed by nobody: anyone may send it; the slash's rent goes to `proposer`. Derived: committee, registry, slash,
    vault.
    """
    accounts = {
        "committee": addresses.committee(),
        "registry": addresses.registry(),
        "actor": actor,
        "slash": addresses.slash(actor, id),
        "vault": addresses.stake_vault(),
        "io_mint": io_mint,
        "proposer": proposer,
    }
    return build("staking", "execute_slash", accounts)


def dismiss_slash(*, actor: Pubkey, id: int, proposer: Pubkey, destination: Pubkey) -> Instruction:
    """Ends a slash that was dropped or has lapsed; the bond goes to the IO account `destination` of the authority.

    Signed by nobody: anyone may send it; the slash's rent goes to `proposer`. Derived: registry, slash, vault.
    """
    accounts = {
        "registry": addresses.registry(),
        "actor": actor,
        "slash": addresses.slash(actor, id),
        "vault": addresses.stake_vault(),
        "destination": destination,
        "proposer": proposer,
    }
    return build("staking", "dismiss_slash", accounts)
