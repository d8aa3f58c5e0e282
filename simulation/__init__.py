"""Twenty years of the network's economy, hour by hour, with the chain's own arithmetic.

Every amount that moves comes from a call of `client.economics`, the mirror of the Rust crate that test vectors hold
to the programs: nothing here has a second formula for money, and all of it is in integers of base units. What is
given is a scenario: how many nodes there are, what is asked of them, what things cost, what people choose. What
follows from it is the emission, the dollars to nodes, the dollars that buy IO, the IO that they burn, and the supply.

An hour goes as on the chain: work is settled, its coupons are credited, the hour is closed and its emission divided
over points and coupons, owners claim, IO is sold to the auction and burned.

Assumed, where a chain has people:

- **Cohorts.** The nodes that elected the same are one earner, whatever their class, and their work of an hour is one
  job of each class, settled together. Rounding is therefore once for each cohort and hour, not for each job: less than
  a base unit for each job that is not there.
- **Prices are given**, those of IO too: burning does not move them. Curves move once a day, the shape every hour.
- **Owners join** while there is circulating IO for their collateral, in the order of the file, once a day; others
  wait. Who leaves gets the collateral back after 14 days. Nobody is slashed. All that joined are measured, with the
  quality of the class, and share the availability half, rented or not.
- **Users** take what they ask for as far as processors are free. All work is of whole hours and is settled in its
  hour.
- **Claims**, locking of bonuses and withdrawals of what has vested happen every `claim_every_hours`. The bonuses of
  one such time are one vesting account for all.
- **Stakers** hold a given part of the IO that is neither locked nor collateral; it moves once a day, and takes 21
  days to leave. They receive their commission where anything is staked, and hold it unstaked until then.
- **Sellers** compete: an hour's dollars are sold at the first premium of at least `sell_from_premium_bp`, one sale an
  hour, of at most `sell_at_most_bp` of the circulating IO. Dollars for which nobody has IO wait, and the premium
  rises.
- **Incentives** and affiliates' dollars are paid and pile up: no grant is spent.
- **Genesis** tranches are taken as they become free; bonus IO counts in the supply once it is withdrawn, as on the
  chain.
"""
