"""One function for each thing that people do: it reads what it needs, refuses what cannot work, sends, confirms."""

from client.actions.actors import Registered, deposit_collateral, register_node, register_user
from client.actions.agents import announce_agent, name_agent
from client.actions.disputes import dispute_job, lapse_dispute, resolve_dispute
from client.actions.governance import (
    accept_admin,
    governed,
    offer_admin,
    paused_programs,
    rotate_committee,
    set_parameters,
    set_paused,
    set_pauser,
)
from client.actions.grants import grant_owner, grant_user
from client.actions.jobs import (
    cancel_job,
    extend_job,
    finish_job,
    open_credit,
    open_job,
    release_job,
    report_job,
    settle_job,
    start_job,
)
from client.actions.rewards import claim, close_epochs, sell_io
from client.actions.slashing import appeal_slash, decide_appeal, dismiss_slash, execute_slash, propose_slash
from client.actions.staking import (
    claim_rewards,
    close_delegation,
    delegate,
    elect,
    open_pool,
    undelegate,
    withdraw_collateral,
    withdraw_tickets,
)
from client.actions.vesting import lock_io, withdraw_vested
from client.sending import SendOptions, Sent, fund, send

__all__ = [
    "Registered",
    "SendOptions",
    "Sent",
    "accept_admin",
    "announce_agent",
    "appeal_slash",
    "cancel_job",
    "claim",
    "claim_rewards",
    "close_delegation",
    "close_epochs",
    "decide_appeal",
    "delegate",
    "deposit_collateral",
    "dismiss_slash",
    "dispute_job",
    "elect",
    "execute_slash",
    "extend_job",
    "finish_job",
    "fund",
    "governed",
    "grant_owner",
    "grant_user",
    "lapse_dispute",
    "lock_io",
    "name_agent",
    "offer_admin",
    "open_credit",
    "open_job",
    "open_pool",
    "paused_programs",
    "propose_slash",
    "register_node",
    "register_user",
    "release_job",
    "report_job",
    "resolve_dispute",
    "rotate_committee",
    "sell_io",
    "send",
    "set_parameters",
    "set_paused",
    "set_pauser",
    "settle_job",
    "start_job",
    "undelegate",
    "withdraw_collateral",
    "withdraw_tickets",
    "withdraw_vested",
]
