"""The hours: a state, and what one hour does to it."""

from __future__ import annotations

from collections import deque

from client.economics import (
    BPS,
    EMISSION_CAP,
    GENESIS_SUPPLY,
    LAST_EPOCH,
    SECONDS_PER_HOUR,
    ClaimInput,
    DistributeInput,
    QuoteInput,
    SaleInput,
    SettleInput,
    accrue,
    bps_floor,
    claim,
    collateral,
    cumulative,
    distribute,
    emission,
    epoch_halves,
    premium_bp,
    rate_per_hour,
    sale,
    settle,
    user_coupons,
    vested,
    waited_after,
    whole,
)
from simulation.curves import HOURS_PER_DAY, HOURS_PER_YEAR
from simulation.parts import Check, Class, Cohort, Vesting, days_of, free_of, least_wait, parts_of
from simulation.scenario import (
    DAYS_PER_WEEK,
    MONTHS_PER_YEAR,
    Scenario,
)

LOCK_STEP_SECONDS = 1
"""Bonus IO vests by the second."""


class Network:
    """The network at the end of an hour. All IO and dollars in base units, all counters since genesis."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.epoch = 0
        self.classes = [Class(given) for given in scenario.classes]
        self.cohorts = [Cohort(election, scenario.rules) for election in scenario.elections]

        # Where IO is. Their sum is the supply, which minting and burning alone change.
        self.supply = GENESIS_SUPPLY
        self.circulating = 0
        self.staked = 0
        self.collateral = 0
        self.unbonding = 0
        self.genesis_locked = GENESIS_SUPPLY

        # The emission program.
        self.emitted = 0
        self.minted = 0
        self.per_point_q64 = 0
        self.carry_availability_q64 = 0
        self.carry_compute_q64 = 0
        self.locked = 0
        self._weights = [election.weight_bp for election in scenario.elections[:-1]]
        # Of a day: they change when owners come and go.
        self._processors = self._waiting = self._total_points = 0
        self._coupons: list[tuple[Cohort, int, int, int]] = []
        """Of the running hour: base, bonus, and of users."""
        self._vestings: deque[Vesting] = deque()
        self._returning: deque[tuple[int, int]] = deque()
        self._returning_stake: deque[tuple[int, int]] = deque()
        """Day of the return and amount, of what is unbonding."""

        # Dollars.
        self.gross = 0
        self.dollars = 0
        self.burn = 0
        self.fee = 0
        self.fee_burn = 0
        self.fee_affiliate = 0
        self.incentives_vault = 0
        self.burn_vault = 0
        self.sold_usd = 0
        self.burned = 0
        self.waited = 0
        """Seconds that the auction has waited at the end of the hour's last sale."""
        self.premium = 0
        self.io_price = 0

        self._least_wait = least_wait(scenario)
        self._free_genesis(0)

    def hour(self) -> tuple[int, ...]:
        """Runs the next epoch; its figures in the order of `columns_of`."""
        epoch = self.epoch = self.epoch + 1
        if epoch > LAST_EPOCH:
            raise ValueError(f"epoch {epoch}: the last is {LAST_EPOCH}")
        begun = epoch - 1
        if begun % HOURS_PER_DAY == 0:
            self._day(begun // HOURS_PER_DAY)

        gross, dollars, burn, fee = self.gross, self.dollars, self.burn, self.fee
        fee_burn, fee_affiliate, incentives = self.fee_burn, self.fee_affiliate, self.incentives_vault
        asked, worked, coupons, of_classes = self._work(begun)
        amount = self._close(coupons)
        minted = owners = stakers = affiliates = withdrawn = 0
        if epoch % self.scenario.habits.claim_every_hours == 0:
            owners, stakers, affiliates = self._claims()
            withdrawn = self._vest()
            minted = owners + stakers + affiliates + withdrawn
        burned, sold = self._auction()

        return (
            *(epoch, 1, amount, burned, minted, owners, stakers, affiliates, withdrawn, self.supply),
            *(self.circulating, self.staked, self.collateral, self.unbonding, self.genesis_locked, self.locked),
            self.emitted - self.minted - self.locked,
            self._processors,
            self._waiting,
            *(asked, worked, self.gross - gross, self.dollars - dollars, self.burn - burn, self.fee - fee),
            *(self.fee_burn - fee_burn, self.fee_affiliate - fee_affiliate, self.incentives_vault - incentives),
            *(sold, self.burn_vault, self.incentives_vault, self.io_price, self.premium),
            *of_classes,
        )

    def checks(self) -> list[Check]:
        """What must be equal at the end of any hour."""
        pending_q64 = sum(
            cohort.liquid_q64
            + cohort.bonus_q64
            + cohort.user_bonus_q64
            + cohort.points * (self.per_point_q64 - cohort.snapshot_q64)
            for cohort in self.cohorts
        )
        pending_q64 += self.carry_availability_q64 + self.carry_compute_q64
        pools = (self.circulating, self.staked, self.collateral, self.unbonding, self.genesis_locked)
        return [
            Check("emitted = the schedule's sum", self.emitted, cumulative(self.epoch)),
            Check(
                "emitted = minted + locked + accrued + carried (2^-64 base units)",
                self.emitted << 64,
                (self.minted + self.locked << 64) + pending_q64,
            ),
            Check("genesis + minted = supply + burned", GENESIS_SUPPLY + self.minted, self.supply + self.burned),
            Check("supply = circulating + staked + collateral + unbonding + genesis locked", self.supply, sum(pools)),
            Check("no pool of IO is below zero", min(*pools, self.locked, self.burn_vault, 0), 0),
            Check(
                "collateral = what the joined processors need",
                self.collateral,
                sum(collateral(one.given.multiplier_bp, one.processors) for one in self.classes),
            ),
            Check(
                "locked = vesting accounts less withdrawals",
                self.locked,
                sum(vesting.total - vesting.withdrawn for vesting in self._vestings),
            ),
            Check(
                "unbonding = what is on its way back",
                self.unbonding,
                sum(amount for _, amount in (*self._returning, *self._returning_stake)),
            ),
            Check(
                "dollars paid by users = to nodes + to burn + fee",
                self.gross,
                self.dollars + self.burn + self.fee,
            ),
            Check(
                "fee = burned part + affiliates' + incentives'",
                self.fee,
                self.fee_burn + self.fee_affiliate + self.incentives_vault,
            ),
            Check(
                "dollars to burn = paid by the auction + in its vault",
                self.burn + self.fee_burn,
                self.sold_usd + self.burn_vault,
            ),
            *([Check("all is emitted", self.emitted, EMISSION_CAP)] if self.epoch == LAST_EPOCH else []),
        ]

    # --- once a day ---

    def _day(self, day: int) -> None:
        hour = day * HOURS_PER_DAY
        self.io_price = self.scenario.io_price.at(hour)
        self._free_genesis(hour * SECONDS_PER_HOUR)
        for queue in (self._returning, self._returning_stake):
            while queue and queue[0][0] <= day:
                amount = queue.popleft()[1]
                self.unbonding -= amount
                self.circulating += amount
        for one in self.classes:
            one.asked = one.given.asked.at(hour)
            one.price = one.given.price.at(hour)
            self._join(one, one.given.nodes.at(hour) * one.given.processors_per_node, day)
        self._measure()
        self._processors = sum(one.processors for one in self.classes)
        self._waiting = sum(one.waiting for one in self.classes)
        self._stake(bps_floor(self.circulating + self.staked, self.scenario.habits.staked_bp.at(hour)), day)

    def _free_genesis(self, now: int) -> None:
        """Takes the tranches that have become free."""
        free = sum(free_of(allocation, now) for allocation in self.scenario.genesis)
        self.circulating += self.genesis_locked - (GENESIS_SUPPLY - free)
        self.genesis_locked = GENESIS_SUPPLY - free

    def _join(self, one: Class, wanted: int, day: int) -> None:
        """Processors come with their collateral, or go and get it back later."""
        affordable = self.circulating // collateral(one.given.multiplier_bp, 1)
        processors = min(wanted, one.processors + affordable)
        needed = collateral(one.given.multiplier_bp, processors)
        change = needed - collateral(one.given.multiplier_bp, one.processors)
        self.collateral += change
        if change >= 0:
            self.circulating -= change
        else:
            self.unbonding -= change
            self._returning.append((day + days_of(self.scenario.rules.owner_unbonding_seconds), -change))
        one.processors, one.waiting = processors, wanted - processors

    def _measure(self) -> None:
        """The points of the machines that are there."""
        points = [0] * len(self.cohorts)
        for one in self.classes:
            for index, processors in enumerate(parts_of(one.processors, self._weights)):
                points[index] += processors * one.given.multiplier_bp * one.given.quality_bp // BPS
        for cohort, changed in zip(self.cohorts, points, strict=True):
            cohort.accrue_points(self.per_point_q64)
            cohort.points = changed
        self._total_points = sum(points)

    def _stake(self, wanted: int, day: int) -> None:
        """Stakers delegate what circulates, or ask for it back."""
        change = wanted - self.staked
        self.staked = wanted
        if change >= 0:
            self.circulating -= change
        else:
            self.unbonding -= change
            self._returning_stake.append((day + days_of(self.scenario.rules.staker_unbonding_seconds), -change))

    # --- every hour ---

    def _work(self, hour: int) -> tuple[int, int, int, list[int]]:
        """Settles the work of an hour: processor-hours asked and worked, coupons, and each class's figures."""
        shape = self.scenario.shape
        factor = (
            shape.hour_of_day[hour % HOURS_PER_DAY]
            * shape.day_of_week[hour // HOURS_PER_DAY % DAYS_PER_WEEK]
            * shape.month_of_year[hour % HOURS_PER_YEAR * MONTHS_PER_YEAR // HOURS_PER_YEAR]
        )
        utilisation_at_most_bp = self.scenario.habits.utilisation_at_most_bp
        all_asked = all_worked = 0
        gross_of = [0] * len(self.cohorts)
        figures: list[int] = []
        for one in self.classes:
            asked = one.asked * factor // BPS**3
            worked = min(asked, one.processors * utilisation_at_most_bp // BPS)
            all_asked += asked
            all_worked += worked
            class_gross, price = 0, one.price
            for index, processors in enumerate(parts_of(worked, self._weights)):
                # A whole hour's work costs the rate.
                gross = rate_per_hour(QuoteInput(price, processors, self.cohorts[index].discount_bp))
                gross_of[index] += gross
                class_gross += gross
            figures += (one.processors, worked, class_gross, price)
        return all_asked, all_worked, self._settle(gross_of), figures

    def _settle(self, gross_of: list[int]) -> int:
        """Divides what each cohort's users pay: all coupons."""
        rules, all_coupons = self.scenario.rules, 0
        self._coupons.clear()
        for cohort, gross in zip(self.cohorts, gross_of, strict=True):
            paid = settle(
                SettleInput(
                    gross=gross,
                    fee_bp=rules.fee_bp,
                    affiliate_bp=cohort.affiliate_bp,
                    fee_burn_bp=rules.fee_burn_bp,
                    dollar_share_bp=cohort.election.dollar_share_bp,
                    max_bonus_bp=rules.max_bonus_bp,
                )
            )
            self.gross += gross
            self.dollars += paid.dollars
            self.burn += paid.burn
            self.fee += paid.fee
            self.fee_burn += paid.fee_burn
            self.fee_affiliate += paid.fee_affiliate
            self.incentives_vault += paid.fee_incentives
            self.burn_vault += paid.burn + paid.fee_burn
            of_users = user_coupons(gross, cohort.user_coupons_bp) if cohort.user_coupons_bp else 0
            all_coupons += paid.coupons_base + paid.coupons_bonus + of_users
            self._coupons.append((cohort, paid.coupons_base, paid.coupons_bonus, of_users))
        return all_coupons

    def _close(self, total_coupons: int) -> int:
        """Closes the epoch: its emission, over points and coupons. What it emitted."""
        amount = emission(self.epoch - 1, self.epoch)
        self.emitted += amount
        halves = epoch_halves(amount, self.scenario.rules.availability_bp)
        availability = distribute(DistributeInput(halves.availability, self.carry_availability_q64, self._total_points))
        compute = distribute(DistributeInput(halves.compute, self.carry_compute_q64, total_coupons))
        self.per_point_q64 += availability.per_unit_q64
        self.carry_availability_q64 = availability.carry_q64
        self.carry_compute_q64 = compute.carry_q64
        rate = compute.per_unit_q64
        for cohort, base, bonus, of_users in self._coupons:
            cohort.liquid_q64 = accrue(cohort.liquid_q64, base, rate)
            if bonus:
                cohort.bonus_q64 = accrue(cohort.bonus_q64, bonus, rate)
            if of_users:
                cohort.user_bonus_q64 = accrue(cohort.user_bonus_q64, of_users, rate)
        return amount

    def _claims(self) -> tuple[int, int, int]:
        """Every cohort claims, and locks its bonus: what owners, stakers and affiliates received."""
        owners = stakers = affiliates = bonus = 0
        for cohort in self.cohorts:
            elected = cohort.election
            cohort.accrue_points(self.per_point_q64)
            accrued, cohort.liquid_q64 = whole(cohort.liquid_q64)
            shares = claim(
                ClaimInput(
                    accrued=accrued,
                    commission_bp=elected.commission_bp if self.staked else 0,
                    affiliate_bp=self.scenario.rules.affiliate_bp if elected.has_affiliate else 0,
                )
            )
            owners += shares.owner
            stakers += shares.stakers
            affiliates += shares.affiliate
            owners_bonus, cohort.bonus_q64 = whole(cohort.bonus_q64)
            users_bonus, cohort.user_bonus_q64 = whole(cohort.user_bonus_q64)
            bonus += owners_bonus + users_bonus
        self._mint(owners + stakers + affiliates)
        if bonus:
            self.locked += bonus
            self._vestings.append(Vesting(bonus, self.epoch * SECONDS_PER_HOUR))
        return owners, stakers, affiliates

    def _vest(self) -> int:
        """Withdraws all that has vested of the bonuses: how much."""
        now, lock_seconds, withdrawn = self.epoch * SECONDS_PER_HOUR, self.scenario.rules.lock_seconds, 0
        for vesting in self._vestings:
            free = vested(vesting.total, vesting.start, vesting.start + lock_seconds, LOCK_STEP_SECONDS, now)
            withdrawn += free - vesting.withdrawn
            vesting.withdrawn = free
        while self._vestings and self._vestings[0].withdrawn == self._vestings[0].total:
            self._vestings.popleft()
        self.locked -= withdrawn
        self._mint(withdrawn)
        return withdrawn

    def _mint(self, amount: int) -> None:
        self.minted += amount
        self.supply += amount
        self.circulating += amount

    def _auction(self) -> tuple[int, int]:
        """One sale, at the first premium that sellers take: IO burned, and dollars paid for it."""
        rules, habits = self.scenario.rules, self.scenario.habits
        waited_at_most = self.waited + SECONDS_PER_HOUR
        if self._least_wait is None or self._least_wait > waited_at_most:
            self.waited = waited_at_most
            return 0, 0
        waited = max(self.waited, self._least_wait)
        premium = premium_bp(waited, rules.auction_start_bp, rules.auction_end_bp, rules.auction_ramp_seconds)
        sold = sale(
            SaleInput(
                io_max=bps_floor(self.circulating, habits.sell_at_most_bp),
                vault_usd=self.burn_vault,
                price_nano_usd_per_io=self.io_price,
                premium_bp=premium,
            )
        )
        if sold.usd == 0:
            self.waited = waited_at_most
            return 0, 0
        self.waited = waited_after(waited, rules.auction_ramp_seconds, sold.usd, self.burn_vault)
        self.premium = premium
        self.burn_vault -= sold.usd
        self.sold_usd += sold.usd
        self.circulating -= sold.io
        self.supply -= sold.io
        self.burned += sold.io
        return sold.io, sold.usd
