"""The check of a text, remembered: undo, another run and a second edit ask for the same text again."""

import os
from pathlib import Path

from producer.plan import Profile, check
from producer.problem import Problem

Checked = tuple[Profile | None, list[Problem]]
Stamp = tuple[tuple[str, int, int], ...]

MOST = 6
_known: dict[tuple[str, str], tuple[Stamp, Checked]] = {}


def checked(path: Path, text: str) -> Checked:
    """`producer.plan.check` of the text, which stands for the content of `path`; not to be changed. What it was based
    on is looked at each time: a base that was edited meanwhile counts."""
    key = (str(path), text)
    known = _known.get(key)
    if known is not None and known[0] == _stamp(known[1][0]):
        return known[1]
    found = check(path, text)
    profile, problems = found
    if profile is not None and not any(problem.key == "base" for problem in problems):
        _known[key] = (_stamp(profile), found)
        for old in list(_known)[:-MOST]:
            _known.pop(old, None)
    return found


def _stamp(profile: Profile | None) -> Stamp:
    """Of the files below the profile, whether they are still the same."""
    stamps = []
    for file in profile.files[1:] if profile else ():
        try:
            status = os.stat(file)
            stamps.append((file, status.st_mtime_ns, status.st_size))
        except OSError:
            stamps.append((file, 0, -1))
    return tuple(stamps)
