"""How states look: a glyph, a word and a role (a colour); never a colour alone.

Colours are those of Okabe and Ito, which people with any colour vision tell apart.
Every glyph is one cell wide; `ascii` is for terminals without them.
"""

from __future__ import annotations

from dataclasses import dataclass

OKABE_ITO = {
    "blue": "#56B4E9",
    "green": "#009E73",
    "orange": "#E69F00",
    "vermillion": "#D55E00",
    "purple": "#CC79A7",
    "yellow": "#F0E442",
}


@dataclass(frozen=True)
class Look:
    """How one state is shown. `role` is one of muted, busy, ok, warn, error, plain."""

    glyph: str
    ascii: str
    word: str
    role: str

    def text(self, plain: bool = False) -> str:
        return f"{self.ascii if plain else self.glyph} {self.word}"


LOOKS: dict[str, Look] = {
    # a run on disk
    "complete": Look("✓", "+", "complete", "ok"),
    "recording": Look("◐", "*", "recording", "busy"),
    "damaged": Look("✗", "x", "damaged", "error"),
    "reading": Look("…", ".", "reading", "muted"),
    # a job, and the production of a run
    "none": Look("·", ".", "none", "muted"),
    "pending": Look("○", "o", "pending", "muted"),
    "running": Look("◐", "*", "running", "busy"),
    "stalled": Look("▲", "!", "stalled", "warn"),
    "finished-unverified": Look("▲", "!", "unverified", "warn"),
    "verified": Look("✓", "+", "verified", "ok"),
    "stale": Look("▲", "!", "stale", "warn"),
    "partial": Look("▲", "!", "partial", "warn"),
    "failed": Look("✗", "x", "failed", "error"),
    "rejected": Look("✗", "x", "rejected", "error"),
    "cancelled": Look("◌", "-", "cancelled", "muted"),
    "lost": Look("✗", "x", "lost", "error"),
    # a problem
    "error": Look("✗", "x", "error", "error"),
    "warning": Look("▲", "!", "warning", "warn"),
    "note": Look("·", ".", "note", "muted"),
    "good": Look("✓", "+", "good", "ok"),
}


def look(state: str) -> Look:
    """The look of a state; one that is not known shows its own word, never nothing."""
    return LOOKS.get(state) or Look("?", "?", state, "plain")
