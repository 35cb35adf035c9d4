"""Which of many names a few typed letters mean."""

import re
from collections.abc import Sequence

SHORTEST = 3  # letters that an abbreviation has at least
# How names of PVs shorten what people say, where that is not its beginning.
ALSO = {
    "motor": ("mms", "mmn", "mcn", "mzm"),
    "gauge": ("gcc", "gpi", "gfs"),
    "valve": ("vgc", "vvc", "vrc"),
    "delay": ("lxt", "dly"),
    "position": ("rbv",),
    "readback": ("rbv",),
    "temperature": ("rtd",),
}


def search(query: str, folded: Sequence[str]) -> list[int]:
    """The numbers of those of `folded` (names in casefold) that a query means.

    Every word of the query must occur, anywhere, in any order; the names' own order is kept.  Where nothing has all
    words, a part of the name may be the beginning of a word ("sample x" means ``sam_x``) or what PVs have in its place
    (``mms`` for "motor"); where nothing has that either, the letters need only occur one after the other, and the
    names where they stand closest come first.
    """
    words = sorted(query.casefold().split(), key=len, reverse=True)
    found: Sequence[int] = range(len(folded))
    for word in words:
        found = [i for i in found if word in folded[i]]
    if found or not words:
        return list(found)
    return abbreviated(words, folded) or subsequence(query, folded)


def abbreviated(words: Sequence[str], folded: Sequence[str]) -> list[int]:
    """The numbers of names that have each word, its beginning as a part of its own, or what PVs have in its place."""
    found: Sequence[int] = range(len(folded))
    for word in words:
        shorter = [re.escape(word[:length]) for length in range(len(word) - 1, SHORTEST - 1, -1)]
        part = re.compile(rf"(?<![^\W_])(?:{'|'.join(shorter)})(?![^\W\d_])").search if shorter else None
        others, start = ALSO.get(word, ()), word[:SHORTEST]
        found = [
            i
            for i in found
            for name in (folded[i],)
            if word in name
            or (part is not None and start in name and part(name))
            or (others and any(other in name for other in others))
        ]
    return list(found)


def subsequence(query: str, folded: Sequence[str]) -> list[int]:
    """The numbers of names that hold the query's letters in order, not necessarily side by side; closest first."""
    letters = [re.escape(letter) for letter in query.casefold() if not letter.isspace()]
    if not letters:
        return []
    # each letter at its first place after the one before: if that fails, no other choice succeeds
    after = (f"[^{letter}]*{letter}" for letter in letters[1:])
    match = re.compile(f"[^{letters[0]}]*({letters[0]}){''.join(after)}").match
    spans = []
    for number, name in enumerate(folded):
        hit = match(name)
        if hit:
            spans.append((hit.end() - hit.start(1), number))
    return [number for _, number in sorted(spans)]
