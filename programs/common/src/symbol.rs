//! Symbols name what has a price: `IO`, `H100`, `A100-80GB`.

/// ASCII, padded with zeros on the right.
pub type Symbol = [u8; 16];

/// The token's own symbol.
pub const IO: Symbol = *b"IO\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// A symbol is one or more of `A-Z a-z 0-9 - .`, then only zeros: one spelling for each name.
pub fn is_valid(symbol: &Symbol) -> bool {
    let length = symbol.iter().position(|b| *b == 0).unwrap_or(symbol.len());
    let (name, padding) = symbol.split_at(length);
    !name.is_empty()
        && name
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
        && padding.iter().all(|b| *b == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling_for_each_name() {
        assert!(is_valid(&IO));
        assert!(is_valid(b"A100-80GB\0\0\0\0\0\0\0"));
        assert!(is_valid(b"ABCDEFGHIJKLMNOP"));
        assert!(!is_valid(&[0; 16]));
        assert!(!is_valid(b"A\0B\0\0\0\0\0\0\0\0\0\0\0\0\0"));
        assert!(!is_valid(b"A B\0\0\0\0\0\0\0\0\0\0\0\0\0"));
    }
}
