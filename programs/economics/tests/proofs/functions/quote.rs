//! Prices in whole numbers, beside the greatest that fit.

use economics::quote::{self, QuoteInput};
use economics::{ArithmeticError, IO};
use proptest::prelude::*;

use crate::exact::{big, ceil, fit, floor, near, rest_of_one};
use crate::inputs::{rates, u32s, u64s};

proptest! {
    /// The exact price, rounded up once; nothing is free but what costs nothing.
    #[test]
    fn rate_per_hour(price in u64s(), processors in u32s(), discount_bp in rates(), nudge in -2i64..=2) {
        let quantity = big(processors) * 10_000u16.saturating_sub(discount_bp);
        let dearest = floor(big(u64::MAX) * 10_000_000, quantity.clone().max(big(1)));
        for price_nano_usd in [price, near(dearest, nudge), rest_of_one(quantity.clone(), 10_000_000)] {
            let rate = quote::rate_per_hour(QuoteInput { price_nano_usd, processors, discount_bp });
            let expected = match discount_bp {
                0..=10_000 => fit(ceil(&quantity * price_nano_usd, 10_000_000)),
                _ => Err(ArithmeticError::ShareAboveWhole),
            };
            prop_assert_eq!(rate, expected);
            prop_assert!(rate != Ok(0) || &quantity * price_nano_usd == big(0));
        }
    }

    /// The exact product, or refused.
    #[test]
    fn deposit(rate in u64s(), hours in u32s(), nudge in -2i64..=2) {
        for rate in [rate, near(big(u64::MAX / u64::from(hours.max(1))), nudge)] {
            prop_assert_eq!(quote::deposit(rate, hours), fit(big(rate) * hours));
        }
    }

    /// 200 IO for each processor and its multiplier, of which less than 1 counts as 1; exact, or refused.
    #[test]
    fn collateral(multiplier_bp in u32s(), processors in u32s(), nudge in -2i64..=2) {
        let dearest = floor(big(u64::MAX), big(20_000 * 100) * processors.max(1));
        for multiplier_bp in [multiplier_bp, near(dearest, nudge).min(u64::from(u32::MAX)) as u32] {
            let exact = big(200 * IO) * multiplier_bp.max(10_000) * processors;
            prop_assert_eq!(&exact % 10_000, big(0));
            prop_assert_eq!(quote::collateral(multiplier_bp, processors), fit(exact / 10_000));
        }
    }
}
