"""Which rank wrote a line of a log."""

import re

# MPICH's "[3] ", Slurm's "3: ", Open MPI's "[1,3]<stdout>:" (5.x also "[prterun-host-12@1,3]<stdout>: ")
_TAG = r"\[(?:[^\]\s,]*,)?(?P<a>\d+)\](?:<std(?:out|err|diag)>:)? ?|(?P<b>\d{1,5}): "
TAG = re.compile(_TAG)
TAG_BYTES = re.compile(_TAG.replace(r"\d", "[0-9]").encode())


def rank_of(line: str) -> tuple[int | None, str]:
    """The rank that a launcher's tag at the beginning names, and the line without it. MPICH repeats the tag wherever
    the rank wrote in pieces; the repetitions go as well."""
    tag = TAG.match(line)
    if not tag:
        return None, line
    text = line[tag.end() :]
    if tag[0].startswith("["):
        text = text.replace(tag[0], "")
    return int(tag["a"] or tag["b"]), text


def tidy(line: str) -> str:
    """The line with its tag once."""
    tag = TAG.match(line)
    return tag[0] + rank_of(line)[1] if tag else line
