use {crate::*, common::upgrade};

#[event_cpi]
#[derive(Accounts)]
pub struct Initialize {
    #[account(mut)]
    pub admin: Signer,
    #[account(init, payer = admin, seeds = [b"committee"], bump)]
    pub committee: Account<Committee>,
    /// CHECK: the loader's account of this program; the constraint reads the authority in it.
    #[account(
        seeds = [crate::ID.as_ref()],
        seeds::program = upgrade::LOADER,
        bump,
        constraint = upgrade::is_authority(program_data.account(), admin.address()) @ OracleError::NotUpgradeAuthority
    )]
    pub program_data: UncheckedAccount,
    pub system_program: Program<System>,
}

pub fn handler(
    ctx: &mut Context<Initialize>,
    members: &[Address],
    pauser: Address,
    genesis: i64,
    parameters: OracleParameters,
) -> Result<()> {
    Committee::require_members(members)?;
    parameters.validate()?;

    let committee = &mut ctx.accounts.committee;
    committee.admin = *ctx.accounts.admin.address();
    committee.pauser = pauser;
    committee.members = Committee::places(members);
    committee.count = members.len() as u8;
    committee.genesis = genesis.into();
    committee.parameters = parameters;
    committee.bump = ctx.bumps.committee;

    emit!(
        ctx,
        CommitteeInitialized {
            admin: *ctx.accounts.admin.address(),
            pauser,
            members: members.to_vec(),
            genesis,
            parameters,
        }
    );
    Ok(())
}
