-- What each node got, by its actor: dollars and coupons of settlements, its owner's grant (USD base units), IO claimed
-- by its owner, its affiliate and its stakers, IO locked, IO lost by slashes (base units).
SELECT
    registered.actor,
    coalesce(work.dollars, 0) AS dollars,
    coalesce(work.coupons_base, 0) AS coupons_base,
    coalesce(work.coupons_bonus, 0) AS coupons_bonus,
    coalesce(granted.amount, 0) AS granted,
    coalesce(claims.owner, 0) AS claimed,
    coalesce(claims.affiliate, 0) + coalesce(locks.affiliate, 0) AS affiliate,
    coalesce(claims.stakers, 0) + coalesce(locks.stakers, 0) AS stakers,
    coalesce(locks.owner, 0) AS locked,
    coalesce(slashes.burned, 0) AS slashed
FROM chain.actor_registered AS registered
LEFT JOIN (
    SELECT node, sum(dollars) AS dollars, sum(coupons_base) AS coupons_base, sum(coupons_bonus) AS coupons_bonus
    FROM chain.job_settled GROUP BY node
) AS work ON work.node = registered.actor
LEFT JOIN chain.owner_granted AS granted USING (actor)
LEFT JOIN (
    SELECT actor, sum(owner) AS owner, sum(affiliate) AS affiliate, sum(stakers) AS stakers
    FROM chain.claimed GROUP BY actor
) AS claims ON claims.actor = registered.actor
LEFT JOIN (
    SELECT actor, sum(owner) AS owner, sum(affiliate) AS affiliate, sum(stakers) AS stakers
    FROM chain.bonus_locked GROUP BY actor
) AS locks ON locks.actor = registered.actor
LEFT JOIN (
    SELECT actor, sum(burned) AS burned FROM chain.slash_executed GROUP BY actor
) AS slashes ON slashes.actor = registered.actor
WHERE registered.kind = 1
