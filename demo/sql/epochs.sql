-- What each close distributed, IO base units, with the digest of its scores.
SELECT closed.first, closed.last, closed.availability, closed.compute, closed.total_points, closed.total_coupons,
    final.digest
FROM chain.epochs_closed AS closed
JOIN chain.scores_finalized AS final ON final.epoch = closed.last
ORDER BY closed.last
