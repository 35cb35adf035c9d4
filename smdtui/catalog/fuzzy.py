"""Which of many names a few typed letters mean."""

import re
from collections.abc import Sequence


def search(query: str, folded: Sequence[str]) -> list[int]:
    """The numbers of those of `folded` (names in casefold) that a query means.

    Every word of the query must occur, anywhere, in any order; the names' own order is kept.  Where nothing has all
    words, the letters need only occur one after the other, and the names where they stand closest come first.
    """
    words = sorted(query.casefold().split(), key=len, reverse=True)
    found: Sequence[int] = range(len(folded))
    for word in words:
        found = [i for i in found if word in folded[i]]
    return list(found) if found or not words else subsequence(query, folded)


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
