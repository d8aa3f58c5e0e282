-- What each node got, by its actor: dollars and coupons of settlements (USD base units), IO claimed by its owner and by
-- the affiliate, IO locked (base units).
SELECT
    registered.actor,
    coalesce(work.dollars, 0) AS dollars,
    coalesce(work.coupons_base, 0) AS coupons_base,
    coalesce(work.coupons_bonus, 0) AS coupons_bonus,
    coalesce(claims.owner, 0) AS claimed,
    coalesce(claims.affiliate, 0) AS affiliate,
    coalesce(locks.amount, 0) AS locked
FROM chain.actor_registered AS registered
LEFT JOIN (
    SELECT node, sum(dollars) AS dollars, sum(coupons_base) AS coupons_base, sum(coupons_bonus) AS coupons_bonus
    FROM chain.job_settled GROUP BY node
) AS work ON work.node = registered.actor
LEFT JOIN (
    SELECT actor, sum(owner) AS owner, sum(affiliate) AS affiliate FROM chain.claimed GROUP BY actor
) AS claims ON claims.actor = registered.actor
LEFT JOIN (
    SELECT actor, sum(amount) AS amount FROM chain.bonus_locked GROUP BY actor
) AS locks ON locks.actor = registered.actor
