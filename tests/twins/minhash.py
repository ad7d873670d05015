"""MinHash signatures of the profile `refinery`, slow and obvious: the readable definition.

Not fast, not vectorised, and written from the definition alone: it shares no code with the kernel.
"""

from __future__ import annotations

import unicodedata

MASK = 2**64 - 1
KEYS = (0x9E3779B97F4A7C15, 0xF39CC0605CEDC835)
POSITION = 0xD1342543DE82EF95
SEED = int.from_bytes(b"refinery", "big")


def words(text: str) -> list[str]:
    """Runs of alphanumeric characters or `_`, lower-cased, without accents.

    A letter of a script written without spaces is a word of its own.
    """
    found, word = [], ""
    for character in text:
        # One character at a time: no rule looks at its neighbours.
        lower = character.lower().replace("ς", "\N{GREEK SMALL LETTER SIGMA}")
        for part in unicodedata.normalize("NFD", lower):
            if unicodedata.category(part) == "Mn":
                continue
            if is_alphanumeric(part) and stands_alone(part):
                found += [word, part]
                word = ""
            elif is_alphanumeric(part) or part == "_":
                word += part
            else:
                found.append(word)
                word = ""
    return [w for w in [*found, word] if w]


def stands_alone(character: str) -> bool:
    """Thai, Lao, Burmese, Khmer, kana and Han, by their blocks."""
    blocks = (
        *((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3005, 0x3007), (0x3040, 0x30FF)),
        *((0x31F0, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0xFF66, 0xFF9D)),
        (0x20000, 0x3FFFF),
    )
    return any(first <= ord(character) <= last for first, last in blocks)


def is_alphanumeric(character: str) -> bool:
    """Letters, numbers, and the marks and symbols that Unicode calls alphabetic."""
    category = unicodedata.category(character)
    is_circled_letter = "\u24b6" <= character <= "\u24e9" or (
        "\U0001f130" <= character <= "\U0001f189"
        and not "\U0001f14a" <= character <= "\U0001f14f"
        and not "\U0001f16a" <= character <= "\U0001f16f"
    )
    return category[0] in "LN" or is_circled_letter or is_alphabetic_mark(character)


def is_alphabetic_mark(character: str) -> bool:
    """Spacing vowel signs are letters; the viramas, tones and musical marks below are not."""
    # Mc without Other_Alphabetic in PropList.txt, which Python does not know.
    not_alphabetic = (
        "\u0d4d\u0f3e\u0f3f\u1715\u1734\u1b44\u1baa\u1bf2\u1bf3\u1ce1\u1cf7\u302e\u302f\ua953\ua9c0\uabec"
        "\U000111c0\U00011235\U0001134d\U000116b6\U0001193d"
    )
    is_musical = "\U0001d165" <= character <= "\U0001d172"
    is_letter = character not in not_alphabetic and not is_musical
    return unicodedata.category(character) == "Mc" and is_letter


def fold_multiply(a: int, b: int) -> int:
    product = a * b
    return (product & MASK) ^ (product >> 64)


def rotate_left(x: int, bits: int) -> int:
    return (x << bits | x >> (64 - bits)) & MASK


def hash_word(word: str) -> int:
    """64 bits of the UTF-8 bytes, 16 at a time; `_` counts as DEL."""
    data = word.replace("_", "\x7f").encode()
    state = 0
    for i in range(0, len(data), 16):
        block = data[i : i + 16].ljust(16, b"\0")
        low = int.from_bytes(block[:8], "little") ^ KEYS[0] ^ state
        high = int.from_bytes(block[8:], "little") ^ KEYS[1] ^ rotate_left(state, 32)
        state = fold_multiply(low, high)
    return state


def hash_shingle(hashes: list[int]) -> int:
    """32 bits of a run of words."""
    total = 0
    for value in hashes:
        total = (total * POSITION + value) & MASK
    x = ((total ^ total >> 32) * 0xBF58476D1CE4E5B9) & MASK
    x = ((x ^ x >> 29) * 0x94D049BB133111EB) & MASK
    return x >> 32


def permutations(num_perm: int) -> list[tuple[int, int]]:
    """Outputs of SplitMix64: the low half, made odd, and the high half."""
    pairs, state = [], SEED
    for _ in range(num_perm):
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
        z ^= z >> 31
        pairs.append((z & 0xFFFFFFFF | 1, z >> 32))
    return pairs


def shingles(text: str, ngram: int) -> list[tuple[str, ...]]:
    """Runs of `ngram` words; all words where there are fewer."""
    found = words(text)
    if 0 < len(found) < ngram:
        return [tuple(found)]
    return [tuple(found[i : i + ngram]) for i in range(len(found) - ngram + 1)]


def sign(text: str, ngram: int, num_perm: int) -> list[int] | None:
    """The signature, or None where the text has no word."""
    hashes = {hash_shingle([hash_word(w) for w in shingle]) for shingle in shingles(text, ngram)}
    if not hashes:
        return None
    return [min((a * x + b) % 2**32 for x in hashes) for a, b in permutations(num_perm)]
