-- What each wallet that is no node's did with its IO and its dollars, besides jobs; base units.
SELECT
    wallet,
    sum(earned) AS earned,
    sum(locked) AS locked,
    sum(sold) AS sold,
    sum(received) AS received
FROM (
    SELECT owner AS wallet, amount AS earned, 0 AS locked, 0 AS sold, 0 AS received FROM chain.rewards_claimed
    UNION ALL
    SELECT a.affiliate, c.affiliate, 0, 0, 0
    FROM (
        SELECT actor, affiliate FROM chain.claimed UNION ALL SELECT actor, affiliate FROM chain.bonus_locked
    ) AS c JOIN chain.actor_registered AS a USING (actor)
    UNION ALL
    SELECT a.affiliate, 0, 0, 0, s.fee_affiliate
    FROM chain.job_settled AS s
    JOIN chain.job_opened AS o USING (job)
    JOIN chain.actor_registered AS a ON a.actor = o."user"
    UNION ALL
    SELECT a.authority, c.owner, 0, 0, 0
    FROM chain.claimed AS c JOIN chain.actor_registered AS a USING (actor)
    UNION ALL
    SELECT beneficiary, 0, owner, 0, 0 FROM chain.bonus_locked
    UNION ALL
    SELECT beneficiary, 0, amount, 0, 0 FROM chain.io_locked
    UNION ALL
    SELECT beneficiary, amount, -amount, 0, 0 FROM chain.vested_withdrawn
    UNION ALL
    SELECT seller, 0, 0, io, usd FROM chain.io_burned
) AS moved
GROUP BY wallet
