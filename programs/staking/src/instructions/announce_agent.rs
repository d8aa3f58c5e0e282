use crate::*;

#[derive(Accounts)]
pub struct AnnounceAgent {
    #[account(address = agent.key @ StakingError::NotAgent)]
    pub key: Signer,
    /// Any agent: the owner and type checks say that a node's authority named it.
    #[account(mut)]
    pub agent: Account<Agent>,
}

pub fn handler(
    ctx: &mut Context<AnnounceAgent>,
    endpoint: [u8; Agent::ENDPOINT_BYTES],
    certificate: [u8; 32],
    hardware: [u8; 32],
) -> Result<()> {
    Agent::validate_endpoint(&endpoint)?;
    let agent = &mut ctx.accounts.agent;
    agent.endpoint = endpoint;
    agent.certificate = certificate;
    agent.hardware = hardware;
    agent.announced_at = Clock::get()?.unix_timestamp.into();
    Ok(())
}
