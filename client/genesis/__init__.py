"""The genesis: who gets the 500,000,000 IO that exist before the first hour, and when. Pure: no chain is asked.

An allocation file is read whole or refused, with a sentence that names the entry: what it says adds up to the genesis,
to the base unit. `genesis.toml` beside this module is the design's.
"""

from client.genesis.allocation import CAP, DESIGN, Allocation, AllocationRefused, Plan, read
from client.genesis.payments import MONTH_SECONDS, Payment, Tranches

__all__ = ["CAP", "DESIGN", "MONTH_SECONDS", "Allocation", "AllocationRefused", "Payment", "Plan", "Tranches", "read"]
