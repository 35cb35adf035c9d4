"""How the interpreter that has psana is entered, and what it may see of the app's own environment."""

import hashlib
import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import producer

# What a scheduler or another MPI left behind makes a local mpiexec hang or start single ranks.
_FOREIGN_LAUNCHER = re.compile(r"(SLURM|SBATCH|SRUN|PMI|PMIX|OMPI|PRTE|HYDRA|MPI_LOCAL|I_MPI)_?.*")
# What belongs to the app's own Python and would reach another one.
_OWN_PYTHON = re.compile(r"VIRTUAL_ENV.*|PYTHONPATH|PYTHONHOME|PYTHONSTARTUP|__PYVENV_LAUNCHER__|UV_.*|UV")
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

# by producer.probe, which reads xtc2 files; by psana's own program `detnames`, of LCLS-I or of LCLS-II
READERS = ("probe", "detnames1", "detnames2")


def cache_folder() -> Path:
    """The user's cache folder of this program (not created)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "smdtui"


def producer_path() -> Path:
    """The folder to put on PYTHONPATH so that `producer` is found: the checkout; or, where it lies among an
    environment's other packages, a folder of the user's cache that holds nothing but a link to it."""
    package = Path(producer.__file__).resolve().parent
    if package.parent.name not in ("site-packages", "dist-packages"):
        return package.parent
    folder = cache_folder() / "producer" / hashlib.sha256(str(package).encode()).hexdigest()[:12]
    folder.mkdir(parents=True, exist_ok=True)
    link = folder / "producer"
    if not link.exists():
        fresh = folder / f".producer.{os.getpid()}"
        fresh.symlink_to(package, target_is_directory=True)
        fresh.replace(link)
    return folder


@dataclass(frozen=True)
class Environment:
    """`setup` is a shell line (``source .../psconda.sh``) run before the command, "" for none; `python` the
    interpreter inside that environment, "" for ``python`` after a setup and for the app's own without one; `names`
    how the names of a run are read there: one of READERS."""

    setup: str = ""
    python: str = ""
    names: str = "probe"

    @property
    def foreign(self) -> bool:
        """True where the producer runs with another interpreter than the app's."""
        return bool(self.setup or self.python)

    @property
    def interpreter(self) -> str:
        return self.python or ("python" if self.setup else sys.executable)

    def command(self, argv: Sequence[str]) -> list[str]:
        """`argv` as it has to be started from here; a first word ``python`` becomes the environment's."""
        words = [self.interpreter if i == 0 and word == "python" else word for i, word in enumerate(argv)]
        if not self.setup:
            return words
        return ["bash", "-c", f"{self.setup} && {self.path_line()} && exec {shlex.join(words)}"]

    def path_line(self) -> str:
        """The shell line that lets Python find the producer; it comes after a setup, which may set PYTHONPATH."""
        return f'export PYTHONPATH={shlex.quote(str(producer_path()))}"${{PYTHONPATH:+:$PYTHONPATH}}"'

    def settings(self) -> dict[str, str]:
        """The variables set for every process of the producer, over whatever is inherited."""
        values = dict.fromkeys(_ONE_THREAD, "1")
        values["HDF5_USE_FILE_LOCKING"] = "FALSE"
        if not self.foreign:
            # UCX, the wheel's default, segfaults where /dev/shm is as small as a container's 64 MB.
            values["MPIR_CVAR_CH4_NETMOD"] = "ofi"
        return values

    def dropped(self, names: Sequence[str]) -> list[str]:
        """Those of the variable `names` that must not reach the producer."""
        return [n for n in names if _FOREIGN_LAUNCHER.fullmatch(n) or (self.foreign and _OWN_PYTHON.fullmatch(n))]

    def variables(self, inherited: Mapping[str, str] | None = None) -> dict[str, str]:
        """The whole environment of a process of the producer, made from `inherited` (default: the app's)."""
        env = dict(os.environ if inherited is None else inherited)
        for name in self.dropped(list(env)):
            del env[name]
        if self.foreign:
            own = str(Path(sys.executable).parent)
            env["PATH"] = os.pathsep.join(p for p in env.get("PATH", os.defpath).split(os.pathsep) if p != own)
        env.update(self.settings())
        others = [p for p in env.get("PYTHONPATH", "").split(os.pathsep) if p]
        here = str(producer_path())
        env["PYTHONPATH"] = os.pathsep.join([here, *(p for p in others if p != here)])
        return env
