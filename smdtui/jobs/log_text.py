"""A line of a log as it is shown: what a terminal would have left of it."""

import re

from smdtui.jobs.rank_tag import TAG, tidy

CLIP = 4000  # characters of a line that are shown
_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")


def shown(line: bytes, end: bytes | None = None) -> str:
    """Without escape sequences and repeated tags; of what carriage returns overwrote only the last, with the rank that
    the line began with; clipped. `end`: the last bytes of a line of which `line` is only the beginning."""
    cut = end is not None
    last = line.rstrip(b"\r") if end is None else end.rstrip(b"\r")
    if b"\r" in last:
        line, cut = _tagged_as(line, last.rpartition(b"\r")[2]), False
    elif cut:
        line = _tagged_as(line, line.rpartition(b"\r")[2])
    else:
        line = last
    text = line[: 8 * CLIP].decode("utf-8", "replace")
    if "\x1b" in text:
        text = _ESCAPES.sub("", text)
    text = tidy(text)
    return text[:CLIP] + " …" if cut or len(line) > 8 * CLIP or len(text) > CLIP else text


def _tagged_as(line: bytes, part: bytes) -> bytes:
    """`part` of a line with the line's tag, unless it has one."""
    tag = TAG.match(line[:40].decode("latin-1"))
    if not tag or TAG.match(part[:40].decode("latin-1")):
        return part
    return tag[0].encode("latin-1") + part
