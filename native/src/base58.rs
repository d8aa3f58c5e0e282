//! Base58 of any length: ten digits at a time into numbers of 64 bits.

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const NO_DIGIT: u8 = 255;
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < ALPHABET.len() {
        digits[ALPHABET[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
};
/// Digits of which any product fits into 64 bits.
const AT_ONCE: usize = 10;

/// Whether every character is a digit.
pub fn is_base58(text: &str) -> bool {
    text.bytes().all(|c| DIGITS[c as usize] != NO_DIGIT)
}

/// Decodes texts one after the other, with the room of the one before.
#[derive(Default)]
pub struct Base58 {
    /// The number so far, the least significant limb first.
    limbs: Vec<u64>,
}

impl Base58 {
    /// Appends the bytes of a text to `bytes`; how many, or `None` where it is no base58.
    pub fn decode(&mut self, text: &str, bytes: &mut Vec<u8>) -> Option<usize> {
        let begin = bytes.len();
        let digits = text.as_bytes();
        let zeros = digits.iter().take_while(|c| **c == ALPHABET[0]).count();
        bytes.resize(begin + zeros, 0);
        self.limbs.clear();
        for chunk in digits[zeros..].chunks(AT_ONCE) {
            let (mut carry, mut scale) = (0u64, 1u64);
            for &c in chunk {
                let digit = DIGITS[c as usize];
                if digit == NO_DIGIT {
                    return None;
                }
                (carry, scale) = (carry * 58 + u64::from(digit), scale * 58);
            }
            for limb in &mut self.limbs {
                let product = u128::from(*limb) * u128::from(scale) + u128::from(carry);
                (*limb, carry) = (product as u64, (product >> 64) as u64);
            }
            if carry != 0 {
                self.limbs.push(carry);
            }
        }
        if let Some((first, others)) = self.limbs.split_last() {
            bytes.extend_from_slice(&first.to_be_bytes()[first.leading_zeros() as usize / 8..]);
            for limb in others.iter().rev() {
                bytes.extend_from_slice(&limb.to_be_bytes());
            }
        }
        Some(bytes.len() - begin)
    }

    /// Appends the bytes of a text of just so many.
    pub fn decode_exactly(&mut self, size: usize, text: &str, bytes: &mut Vec<u8>) -> Option<()> {
        (self.decode(text, bytes)? == size).then_some(())
    }
}
