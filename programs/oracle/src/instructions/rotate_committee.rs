use crate::*;

#[event_cpi]
#[derive(Accounts)]
pub struct RotateCommittee {
    #[account(address = committee.admin @ OracleError::NotAdmin)]
    pub admin: Signer,
    #[account(mut, seeds = [b"committee"], bump)]
    pub committee: Account<Committee>,
}

pub fn handler(ctx: &mut Context<RotateCommittee>, members: &[Address]) -> Result<()> {
    Committee::require_members(members)?;
    let now = Clock::get()?.unix_timestamp;
    let committee = &mut ctx.accounts.committee;
    let from = committee.takes_effect(now)?;
    let rotation = committee.rotation(now);
    if rotation != committee.rotation.get() {
        committee.members = committee.next_members;
        committee.count = committee.next_count;
        committee.rotation = rotation.into();
    }
    committee.next_members = Committee::places(members);
    committee.next_count = members.len() as u8;
    committee.next_members_at = from.into();

    emit!(
        ctx,
        CommitteeRotated {
            members: members.to_vec(),
            from,
        }
    );
    Ok(())
}
