"""How the datasets of analysis functions are called."""

import os
import re
from typing import Any, Iterable, Iterator, Tuple

from producer.parameters import Wrong

_DATASET = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")


def dataset_name(text: str) -> None:
    """Raise `Wrong` unless `text` can begin the name of a dataset in an HDF5 file."""
    if not _DATASET.fullmatch(text):
        better = re.sub(r"[^A-Za-z0-9_.-]+", "_", text).lstrip(".-")
        raise Wrong(f"names datasets, so only letters, digits, '_', '.' and '-' are possible, not {text!r}", better)


def file_path(text: str) -> None:
    """Raise `Wrong` unless `text` names a file in the same way from every folder. Whether it is there is not asked."""
    if not os.path.isabs(os.path.expanduser(text)):
        raise Wrong(f"must be the full path of a file, beginning with / or ~, not {text!r}")


def within(owner: str, name: str) -> str:
    """What the datasets of a function begin with: ``epix_1/droplet`` for one of a detector, ``epix_1/ROI_0_pj`` for one
    that goes on from the result of another."""
    return f"{owner}{'_' if '/' in owner else '/'}{name}"


def variable(start: str) -> str:
    """``epix_1/droplet_sparse`` -> ``epix_1/var_droplet_sparse``, the group of a variable-length result."""
    detector, _, name = start.partition("/")
    return f"{detector}/var_{name}"


def names_twice(parameters: Any, fields: Iterable[str]) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
    """For `Parameters.check`: functions that go on from this one and would write the same datasets."""
    seen = set()
    for field in fields:
        for i, following in enumerate(getattr(parameters, field)):
            if following.name in seen:
                words = f"another {field} or the like here is also called {following.name!r}, so one would overwrite it"
                yield (field, i, "name"), words, f"{following.name}_{i + 1}"
            seen.add(following.name)
