"""One function for each thing that people do: it reads what it needs, refuses what cannot work, sends, confirms."""

from client.actions.actors import Registered, deposit_collateral, register_node, register_user
from client.actions.jobs import finish_job, open_job, report_job, settle_job, start_job
from client.actions.rewards import claim, close_epochs, sell_io
from client.actions.vesting import lock_io, withdraw_vested
from client.sending import SendOptions, Sent, fund, send

__all__ = [
    "Registered",
    "SendOptions",
    "Sent",
    "claim",
    "close_epochs",
    "deposit_collateral",
    "finish_job",
    "fund",
    "lock_io",
    "open_job",
    "register_node",
    "register_user",
    "report_job",
    "sell_io",
    "send",
    "settle_job",
    "start_job",
    "withdraw_vested",
]
