use {
    crate::{oracle::Committee, staking::Actor, *},
    anchor_spl::{
        mint::Mint,
        token::{self, TokenAccount},
    },
};

#[derive(Accounts)]
pub struct OpenCredit {
    #[account(mut)]
    pub payer: Signer,
    #[account(constraint = committee.paused & common::pause::ESCROW == 0 @ EscrowError::Paused)]
    pub committee: Account<Committee>,
    #[account(constraint = user.kind == USER @ EscrowError::NotAUser)]
    pub user: Account<Actor>,
    /// The only account of its type.
    pub terms: Account<Terms>,
    #[account(address = terms.usd_mint)]
    pub usd_mint: Account<Mint>,
    #[account(
        init,
        payer = payer,
        seeds = [Job::CREDIT_SEED, user.address().as_ref()],
        bump,
        token::mint = usd_mint,
        token::authority = terms
    )]
    pub credit: Account<TokenAccount>,
    pub token_program: Program<Token>,
    pub system_program: Program<System>,
}

pub fn handler(_ctx: &mut Context<OpenCredit>) -> Result<()> {
    Ok(())
}
