//! Sales in whole numbers, without the comparison that spares the program a division.

use economics::auction::{self, Sale, SaleInput};
use economics::{BPS, IO, NANO_USD_PER_USD_UNIT};
use num_bigint::BigInt;
use proptest::prelude::*;

use crate::exact::{big, ceil, fit, floor, near, rest_of_one};
use crate::inputs::{i16s, sales, u32s, u64s};

/// IO base units times nano-dollars times basis points in one base unit of USD.
fn divisor() -> BigInt {
    big(IO) * NANO_USD_PER_USD_UNIT * BPS
}

/// The price with its premium, nano-dollars times basis points; not below 0.
fn factor(input: &SaleInput) -> BigInt {
    big(input.price_nano_usd_per_io) * (i64::from(input.premium_bp) + 10_000).max(0)
}

/// The sale by its definition.
fn expected(input: &SaleInput) -> Sale {
    let worth = floor(factor(input) * input.io_max, divisor());
    let sale = if worth <= big(input.vault_usd) {
        Sale {
            io: input.io_max,
            usd: fit(worth).unwrap(),
        }
    } else {
        let io = ceil(divisor() * input.vault_usd, factor(input));
        Sale {
            io: fit(io).unwrap(),
            usd: input.vault_usd,
        }
    };
    if sale.usd == 0 {
        Sale::NOTHING
    } else {
        sale
    }
}

proptest! {
    /// The exact point of the line, rounded down, and never outside its ends.
    #[test]
    fn premium_bp(seconds in u64s(), start in i16s(), end in i16s(), ramp in u32s(), nudge in -2i64..=2) {
        for seconds in [seconds, near(big(ramp), nudge), seconds % u64::from(ramp.max(1))] {
            let exact = match seconds < u64::from(ramp) {
                true => floor(big(start) * ramp + (big(end) - start) * seconds, ramp),
                false => big(end),
            };
            let actual = auction::premium_bp(seconds, start, end, ramp);
            prop_assert_eq!(big(actual), exact);
            prop_assert!((start.min(end)..=start.max(end)).map(i32::from).any(|bp| bp == actual));
        }
    }

    /// The part of the wait that the unsold dollars stand for, rounded up; all of it where there was nothing to sell.
    #[test]
    fn waited_after(waited in u64s(), ramp in u32s(), usd in u64s(), vault in u64s()) {
        for usd in [usd, usd % vault.max(1)] {
            let most = waited.min(u64::from(ramp));
            let exact = match vault {
                0 => big(most),
                _ => ceil(big(most) * (vault - usd.min(vault)), vault),
            };
            prop_assert_eq!(big(auction::waited_after(waited, ramp, usd, vault)), exact);
        }
    }

    /// What the offer is worth, rounded down, up to what the vault has; then the least IO worth that, rounded up.
    #[test]
    fn sale(input in sales(), zeros in 0..12u32, nudge in -2i64..=2) {
        let mut cases = vec![input];
        let (vault, factor) = (big(input.vault_usd), factor(&input));
        if factor > big(0) {
            // Where the offer is worth all of the vault, and where it is worth a base unit of USD.
            for usd in [vault.clone(), &vault + 1, big(1)] {
                cases.push(SaleInput { io_max: near(ceil(usd * divisor(), factor.clone()), nudge), ..input });
            }
        }
        // Round prices, at which an offer is worth a whole number: the vault's, and one more than it has.
        let price_nano_usd_per_io = 10u64.pow(zeros);
        for usd in [vault.clone(), vault + 1] {
            let io_max = near(usd * 10u64.pow(11 - zeros), 0);
            cases.push(SaleInput { io_max, price_nano_usd_per_io, premium_bp: 0, ..input });
        }
        // The least IO for all of the vault, rounded up from a rest of 1.
        let vault_usd = rest_of_one(divisor(), factor);
        cases.push(SaleInput { io_max: u64::MAX, vault_usd, ..input });
        // An offer worth 2^128 and more, of which the low bits are 0.
        let (price_nano_usd_per_io, premium_bp) = (1 << (63 - zeros), (1 << 30) - 10_000);
        cases.push(SaleInput { io_max: 1 << 63, price_nano_usd_per_io, premium_bp, ..input });
        for input in cases {
            let sale = auction::sale(input);
            prop_assert_eq!(sale, expected(&input), "{:?}", input);
            prop_assert!(sale.io <= input.io_max && sale.usd <= input.vault_usd);
            prop_assert!(divisor() * sale.usd <= self::factor(&input) * sale.io, "paid above fair value");
            prop_assert_eq!(sale.io == 0, sale.usd == 0);
        }
    }
}
