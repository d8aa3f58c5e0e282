"""Base58 of byte strings of any length: solders has it for addresses, hashes and signatures only."""

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}
_CHUNK = 58**10
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]


def b58encode(data: bytes) -> str:
    """Encode bytes; ten digits at a time, for big-integer divisions are the cost."""
    body = data.lstrip(b"\0")
    number = int.from_bytes(body, "big")
    digits: list[str] = []
    while number:
        number, chunk = divmod(number, _CHUNK)
        for _ in range(5):
            chunk, pair = divmod(chunk, 58 * 58)
            digits.append(_PAIRS[pair])
    digits.reverse()
    return "1" * (len(data) - len(body)) + "".join(digits).lstrip("1")


def b58decode(text: str) -> bytes:
    """Decode text; a ValueError names the first wrong character as the validator does."""
    number = 0
    for index, character in enumerate(text):
        value = _VALUES.get(character)
        if value is None:
            raise ValueError(f"InvalidCharacter {{ character: '{character}', index: {index} }}")
        number = number * 58 + value
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big")
