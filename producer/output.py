"""Where the produced file grows, and how it gets its final name.

Beside ``OUT.h5``: ``OUT.h5.inprogress.lock``, the workers' ``OUT.h5.inprogress.rank0002``, the merged
``OUT.h5.inprogress``. Only a verified file is given the name ``OUT.h5``, in one step; what had that name before is kept
as ``previous/OUT.<time of its last change, UTC>.h5``. Whatever is left after a failure has ``.inprogress`` in its name.
"""

import os
import shutil
import time
from pathlib import Path
from typing import List, Optional

from producer.lock import Lock, Locked


class OutputRefused(Exception):
    """The file cannot be written here; the message is a sentence that says why."""


class Output:
    def __init__(self, path: Path) -> None:
        """`path` may be relative: it is taken from the folder that is current now."""
        self.path = Path(os.path.abspath(path))
        self.growing = self.path.with_name(self.path.name + ".inprogress")
        self._lock: Optional[Lock] = None

    def part(self, rank: int) -> Path:
        return self.growing.with_name(f"{self.growing.name}.rank{rank:04d}")

    @property
    def scratch(self) -> Path:
        """A folder for what is needed meanwhile."""
        return self.growing.with_name(f"{self.growing.name}.xtc")

    def open(self) -> str:
        """Make the folder, take the lock, remove what an earlier attempt left; returns what to say of that, or "".
        Raises `OutputRefused`."""
        folder = self.path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if self.path.is_dir():
                raise OutputRefused(f"{self.path} is a folder: name a file.")
            self._lock = Lock(self.growing.with_name(self.growing.name + ".lock"))
            left = self._clear()
        except Locked as locked:
            raise OutputRefused(str(locked)) from None
        except FileExistsError:
            raise OutputRefused(f"{folder} is not a folder, so nothing can be written into it.") from None
        except OSError as error:
            raise OutputRefused(f"{folder} cannot be written: {error.strerror or error}.") from error
        said = [self._lock.taken_over] if self._lock.taken_over else []
        if left:
            said.append(f"removed {left} file{'s' * (left > 1)} that an earlier attempt left")
        return "; ".join(said)

    def _clear(self) -> int:
        """Remove what an earlier attempt left: how many files. Where that fails, the lock is let go."""
        try:
            left = self._left()
            for path in left:
                path.unlink()
            if self.scratch.exists():
                shutil.rmtree(self.scratch)
        except OSError:
            self.close()
            raise
        return len(left)

    def _left(self) -> List[Path]:
        names = self.growing.name
        return [
            path
            for path in self.path.parent.iterdir()
            if path.name == names or (path.name.startswith(names + ".rank") and path.name[len(names) + 5 :].isdigit())
        ]

    def keep_locked(self) -> None:
        """Raises `OutputRefused` when the lock is no longer ours: then the parts may be another production's."""
        if self._lock is None or not self._lock.mine():
            raise OutputRefused(
                f"{self.path.name} is no longer ours to write: its lock {self.growing.name}.lock was removed, or taken "
                "by another production while this one gave no sign of life."
            )

    def publish(self) -> Optional[Path]:
        """Give the merged file its final name; returns where the file that had it is now, or None. Raises
        `OutputRefused` when the lock is lost."""
        with open(self.growing, "rb") as file:
            os.fsync(file.fileno())
        self.keep_locked()  # after fsync, which may take long
        kept = self._keep_previous() if os.path.lexists(self.path) else None
        os.replace(self.growing, self.path)
        return kept

    def _keep_previous(self) -> Path:
        """A second name for the file, so that there is no moment without one under its first."""
        changed = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(os.lstat(self.path).st_mtime))
        folder = self.path.parent / "previous"
        folder.mkdir(exist_ok=True)
        number = 1
        while True:
            again = "" if number == 1 else f"-{number}"
            kept = folder / f"{self.path.stem}.{changed}{again}{self.path.suffix}"
            try:
                os.link(self.path, kept, follow_symlinks=False)
                return kept
            except FileExistsError:
                number += 1
            except OSError:  # a file system without hard links
                if not os.path.lexists(kept):
                    os.rename(self.path, kept)
                    return kept
                number += 1

    def remove_parts(self, ranks: int) -> None:
        """And whatever else was needed only meanwhile."""
        if self.scratch.exists():
            shutil.rmtree(self.scratch)
        for rank in range(ranks):
            self.part(rank).unlink(missing_ok=True)

    def close(self) -> None:
        """Let the lock go."""
        if self._lock is not None:
            lock, self._lock = self._lock, None
            lock.release()
