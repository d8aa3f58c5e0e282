use {
    crate::{oracle::Committee, *},
    anchor_spl::{
        mint::Mint,
        token::{self, TokenAccount},
    },
};

#[event_cpi]
#[derive(Accounts)]
pub struct OpenPool {
    #[account(mut)]
    pub payer: Signer,
    #[account(constraint = committee.paused & common::pause::STAKING == 0 @ StakingError::Paused)]
    pub committee: Account<Committee>,
    #[account(seeds = [b"registry"], bump)]
    pub registry: Account<Registry>,
    #[account(mut)]
    pub actor: Account<Actor>,
    #[account(address = registry.io_mint)]
    pub io_mint: Account<Mint>,
    #[account(
        init,
        payer = payer,
        seeds = [Actor::REWARDS_SEED, actor.address().as_ref()],
        bump,
        token::mint = io_mint,
        token::authority = actor
    )]
    pub rewards: Account<TokenAccount>,
    pub token_program: Program<Token>,
    pub system_program: Program<System>,
}

pub fn handler(ctx: &mut Context<OpenPool>) -> Result<()> {
    let rewards = *ctx.accounts.rewards.address();
    ctx.accounts.actor.rewards = rewards;

    emit!(
        ctx,
        PoolOpened {
            actor: *ctx.accounts.actor.address(),
            rewards,
            at: Clock::get()?.unix_timestamp,
        }
    );
    Ok(())
}
