"""Steps of the oracle's tests: feeds, prices submitted to them, and commitments to challenges."""

from hashlib import sha256
from itertools import count

from solders.keypair import Keypair
from solders.pubkey import Pubkey

from client import addresses, state
from client.instructions import oracle
from tests.programs.world import World

SECRET = sha256(b"secret").digest()
COMMITMENT = sha256(SECRET).digest()

rounds = count(1)
symbols = (f"TEST-{number}" for number in count(1))


def feed_of(world: World) -> str:
    """A feed that no other test knows; its symbol."""
    symbol = next(symbols)
    world.chain.send([oracle.create_feed(admin=world.admin.pubkey(), symbol=symbol)], world.admin)
    return symbol


def submit(world: World, member: Keypair, symbol: str, price: int) -> str:
    submission = oracle.submit_price(member=member.pubkey(), symbol=symbol, price_nano_usd=price)
    return world.chain.send([submission], member)


def feed(world: World, symbol: str) -> state.Feed:
    return world.chain.account(state.Feed, addresses.feed(symbol))


def commit(world: World, member: Keypair, *, round: int | None = None) -> Pubkey:
    """A challenge of epoch 1; its address."""
    round = round or next(rounds)
    committing = oracle.commit_challenge(verifier=member.pubkey(), epoch=1, round=round, commitment=COMMITMENT)
    world.chain.send([committing], member)
    return addresses.challenge(member.pubkey(), 1, round)


def node_of(number: int) -> Pubkey:
    """An address that sorts by its number."""
    return Pubkey(number.to_bytes(32, "big"))
