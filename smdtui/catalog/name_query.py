"""The language of the names filter: letters as before, and words that mean something.

``sam x``        all words, anywhere in alias, PV or type (else the letters in order)
``=sam_x`` ``"sam_x"``   exactly this alias or PV         ``XPP:*:RBV`` ``mr0?1``   with wildcards, the whole name
``changed``      its value changed in the run           ``numeric`` ``text``  its type
``stale``        it did not answer                      ``in profile``        the profile takes it
``new since 41`` not yet there in run 41
"""

import fnmatch
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from smdtui.catalog.fuzzy import search

FLAGS = ("changed", "numeric", "text", "stale", "in profile")
_NEW = re.compile(r"\bnew\s+since\s+(?:run\s+)?(\d+)\b", re.IGNORECASE)
_QUOTED = re.compile(r'"([^"]*)"?')


@dataclass(frozen=True)
class Query:
    """`words` are for the search in any order; all other conditions hold together."""

    words: str = ""
    exact: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()
    new_since: int | None = None

    @property
    def empty(self) -> bool:
        return self == Query()


def parse(text: str) -> Query:
    """Never fails: what is not understood is searched for."""
    new = _NEW.search(text)
    since = int(new[1]) if new else None
    rest = text[: new.start()] + " " + text[new.end() :] if new else text
    exact = [quoted for quoted in _QUOTED.findall(rest) if quoted]
    rest = _QUOTED.sub(" ", rest)
    flags = set()
    inside = re.search(r"\bin\s+profile\b", rest, re.IGNORECASE)
    if inside:
        flags.add("in profile")
        rest = rest[: inside.start()] + " " + rest[inside.end() :]
    words, globs = [], []
    for word in rest.split():
        if word.casefold() in FLAGS:
            flags.add(word.casefold())
        elif word.startswith("=") and len(word) > 1:
            exact.append(word[1:])
        elif any(sign in word for sign in "*?"):
            globs.append(word)
        else:
            words.append(word)
    return Query(
        " ".join(words),
        tuple(one.casefold() for one in exact),
        tuple(one.casefold() for one in globs),
        frozenset(flags),
        since,
    )


def find(
    query: Query, folded: Sequence[str], names: Sequence[Sequence[str]], holds: Callable[[str, int], bool]
) -> list[int]:
    """The numbers of the rows that a query means, in the order of `search`.

    folded: what the words are sought in, the names among it; names: for each row, in casefold, what an exact name or a
    pattern may be; holds(flag, row): whether a flag, or "new", is true of a row.
    """
    hits = search(query.words, folded) if query.words else list(range(len(folded)))
    if query.exact:
        wanted = set(query.exact)
        hits = [i for i in hits if not wanted.isdisjoint(names[i])]
    for glob in query.globs:
        piece = max(re.split(r"[*?]+", glob), key=len)  # quickly found, and rare
        hits = [i for i in hits if piece in folded[i]]
        match = re.compile(fnmatch.translate(glob.replace("[", "[[]"))).match
        hits = [i for i in hits if any(match(name) for name in names[i])]
    flags = [*sorted(query.flags), *(["new"] if query.new_since is not None else [])]
    for flag in flags:
        hits = [i for i in hits if holds(flag, i)]
    return hits
