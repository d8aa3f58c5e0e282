//! The one error type of the crate.

use core::fmt;

/// Why a calculation was refused. Nothing here is clamped in silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArithmeticError {
    /// A result does not fit in its type.
    Overflow,
    /// A share, or the sum of the shares of one amount, is above 10,000 basis points.
    ShareAboveWhole,
    /// A dollar share lies outside 3,000 to 9,000 basis points.
    DollarShareOutOfRange,
    /// More is to leave a position than it is worth.
    AmountAboveValue,
    /// A step of time has no length.
    ZeroStep,
}

impl fmt::Display for ArithmeticError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overflow => "a result does not fit in its type",
            Self::ShareAboveWhole => "a share is above 10,000 basis points",
            Self::DollarShareOutOfRange => "a dollar share is outside 3,000 to 9,000 basis points",
            Self::AmountAboveValue => "an amount is above the value it is taken from",
            Self::ZeroStep => "a step of time is 0 seconds",
        })
    }
}

impl core::error::Error for ArithmeticError {}
