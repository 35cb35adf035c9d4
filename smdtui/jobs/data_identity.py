"""By what a job knows later whether the data are still those it was launched on."""

import hashlib

from producer.run_files import RunFiles


def data_identity(files: RunFiles) -> str:
    """Changes when a file of the run is added, removed, renamed, resized or written again, but not with how
    the folder is named, nor with the fractions of a second that a copy of the files may lose."""
    lines = sorted(f"{e.path.name}\0{e.size}\0{e.modified_ns // 10**9}\n" for e in files.entries)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()[:32]
