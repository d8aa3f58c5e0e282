use {crate::*, common::upgrade};

#[event_cpi]
#[derive(Accounts)]
pub struct Initialize {
    #[account(mut)]
    pub admin: Signer,
    #[account(init, payer = admin, seeds = [Committee::SEED], bump)]
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
    freshness_seconds: u32,
    max_change_bp: u16,
) -> Result<()> {
    let distinct = members
        .iter()
        .enumerate()
        .all(|(i, member)| !members[..i].contains(member));
    require!(
        (1..=Committee::MAX_MEMBERS).contains(&members.len()) && distinct,
        OracleError::MembersInvalid
    );
    require!(
        freshness_seconds > 0 && (1..=10_000).contains(&max_change_bp),
        OracleError::ParameterOutOfRange
    );

    let committee = &mut ctx.accounts.committee;
    committee.admin = *ctx.accounts.admin.address();
    for (place, member) in committee.members.iter_mut().zip(members) {
        *place = *member;
    }
    committee.count = members.len() as u8;
    committee.freshness_seconds = freshness_seconds.into();
    committee.max_change_bp = max_change_bp.into();
    committee.bump = ctx.bumps.committee;

    emit_cpi!(CommitteeInitialized {
        admin: *ctx.accounts.admin.address(),
        members: members.to_vec(),
        freshness_seconds,
        max_change_bp,
    });
    Ok(())
}
