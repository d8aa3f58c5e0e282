//! The auction against exact fractions.

use num_bigint::BigUint;
use proptest::prelude::*;

use super::*;

/// `io` base units at the price and premium, times 10^15 base units of USD; exact.
fn value(input: &SaleInput, io: u64) -> BigUint {
    let factor = (10_000 + i64::from(input.premium_bp)).max(0) as u64;
    BigUint::from(io) * input.price_nano_usd_per_io * factor
}

prop_compose! {
    /// Amounts and prices of every size, premiums from -150% to +150% and beyond.
    fn inputs()(
        io_max in any::<u64>(),
        vault_usd in any::<u64>(),
        price in any::<u64>(),
        shifts in (0..64u32, 0..64u32, 0..64u32),
        premium_bp in prop_oneof![-15_000..15_000i32, any::<i32>()],
    ) -> SaleInput {
        SaleInput {
            io_max: io_max >> shifts.0,
            vault_usd: vault_usd >> shifts.1,
            price_nano_usd_per_io: price >> shifts.2,
            premium_bp,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Nobody gives or pays more than offered, the seller gets at most fair value, and nothing goes for nothing.
    #[test]
    fn sale_is_within_its_bounds(input in inputs()) {
        let sale = sale(input);
        prop_assert!(sale.io <= input.io_max && sale.usd <= input.vault_usd);
        prop_assert!(BigUint::from(sale.usd) * SALE_DIVISOR <= value(&input, sale.io));
        prop_assert_eq!(sale.io == 0, sale.usd == 0);
    }

    /// The vault pays all it can: one more base unit would be above its means or above fair value.
    #[test]
    fn sale_is_the_greatest(input in inputs()) {
        let sale = sale(input);
        let more = BigUint::from(sale.usd) + 1u32;
        prop_assert!(sale.usd == input.vault_usd || more * SALE_DIVISOR > value(&input, input.io_max));
    }

    /// When the vault is what runs out, the seller gives the least IO that is worth it.
    #[test]
    fn seller_gives_the_least(input in inputs()) {
        let sale = sale(input);
        if sale.io > 0 && sale.io < input.io_max {
            prop_assert_eq!(sale.usd, input.vault_usd);
            prop_assert!(value(&input, sale.io - 1) < BigUint::from(sale.usd) * SALE_DIVISOR);
        }
    }

    /// Selling in two parts at one premium never pays more than at once.
    #[test]
    fn splitting_does_not_pay(input in inputs(), part in any::<u64>()) {
        let at_once = sale(input);
        let first = sale(SaleInput { io_max: part.min(input.io_max), ..input });
        let second = sale(SaleInput {
            io_max: input.io_max - first.io,
            vault_usd: input.vault_usd - first.usd,
            ..input
        });
        prop_assert!(first.usd + second.usd <= at_once.usd);
    }
}

const DOLLAR: SaleInput = SaleInput {
    io_max: 10 * IO,
    vault_usd: 1_000_000_000,
    price_nano_usd_per_io: 2_000_000_000,
    premium_bp: 0,
};

/// Ten IO at two dollars; at 2% less; against a vault of one dollar.
#[test]
fn sale_by_example() {
    let at = |premium_bp, vault_usd| {
        sale(SaleInput {
            premium_bp,
            vault_usd,
            ..DOLLAR
        })
    };
    let sold = |io, usd| Sale { io, usd };
    assert_eq!(at(0, 1_000_000_000), sold(10 * IO, 20_000_000));
    assert_eq!(at(-200, 1_000_000_000), sold(10 * IO, 19_600_000));
    assert_eq!(at(0, 1_000_000), sold(IO / 2, 1_000_000));
    // A third of a dollar less: rounded up against the seller.
    assert_eq!(at(5_000, 1_000_000), sold(33_333_334, 1_000_000));
}

/// Nothing is burned for nothing.
#[test]
fn nothing_can_be_bought() {
    for nothing in [
        SaleInput {
            io_max: 0,
            ..DOLLAR
        },
        SaleInput {
            vault_usd: 0,
            ..DOLLAR
        },
        SaleInput {
            price_nano_usd_per_io: 0,
            ..DOLLAR
        },
        SaleInput {
            premium_bp: -10_000,
            ..DOLLAR
        },
        SaleInput {
            premium_bp: i32::MIN,
            ..DOLLAR
        },
        // Worth 0.98 of a base unit of USD.
        SaleInput {
            io_max: 49,
            ..DOLLAR
        },
    ] {
        assert_eq!(sale(nothing), Sale::NOTHING, "{nothing:?}");
    }
}

/// From -200 to +200 basis points over an hour.
#[test]
fn premium_by_example() {
    let at = |seconds| premium_bp(seconds, -200, 200, 3_600);
    assert_eq!([at(0), at(1), at(9), at(1_800)], [-200, -200, -199, 0]);
    assert_eq!([at(3_599), at(3_600), at(u64::MAX)], [199, 200, 200]);
    assert_eq!(premium_bp(0, -200, 200, 0), 200);
    assert_eq!(premium_bp(1_800, 200, -201, 3_600), -1);
}

#[test]
fn only_the_sold_part_of_the_vault_starts_to_wait_anew() {
    assert_eq!(waited_after(3_600, 3_600, 1_000_000, 1_000_000), 0);
    assert_eq!(waited_after(9_999, 3_600, 500_000, 1_000_000), 1_800);
    assert_eq!(waited_after(3_600, 3_600, 1, 1_000_000), 3_600);
    assert_eq!(waited_after(0, 3_600, 1, 1), 0);
    assert_eq!(waited_after(100, 0, 1, 0), 0);
}
