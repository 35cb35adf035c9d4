"""The words before the producer's own: mpiexec and its options, or nothing for one rank."""

import re
import shlex
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from producer.problem import Problem
from smdtui.environment import Environment
from smdtui.site import Engine


def find_mpiexec(environment: Environment) -> str | None:
    """The mpiexec beside the interpreter (an environment that is not activated is not on PATH), else on PATH."""
    # Not resolved: a venv's python is a link to one that has no mpiexec beside it.
    python = Path(environment.interpreter)
    beside = python.with_name("mpiexec")
    if python.is_absolute() and beside.exists():
        return str(beside)
    path = environment.variables().get("PATH") if environment.foreign else None
    return shutil.which("mpiexec", path=path) or shutil.which("mpirun", path=path)


@lru_cache(maxsize=8)
def _version(mpiexec: str) -> str:
    try:
        done = subprocess.run(
            [mpiexec, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout + done.stderr


def template(mpiexec: str, nodes: int = 1) -> str:
    """The launcher line for the MPI that this mpiexec belongs to: every line of output tagged with its rank. On one
    node no scheduler is asked and more ranks than cores are allowed; on several it finds them in its allocation."""
    version = _version(mpiexec)
    word = shlex.quote(mpiexec)
    if re.search(r"HYDRA|MPICH|Intel\(R\) MPI", version, re.I):
        return f"{word} {'-launcher fork -rmk user ' if nodes < 2 else ''}-prepend-rank -n {{ranks}}"
    if re.search(r"Open MPI|OpenRTE|PRTE", version, re.I):
        return f"{word} --tag-output {'--map-by :OVERSUBSCRIBE ' if nodes < 2 else ''}-n {{ranks}}"
    return f"{word} -n {{ranks}}"


def launcher_words(engine: Engine, environment: Environment, ranks: int) -> tuple[list[str], list[Problem]]:
    """[] for one rank, which runs without a launcher."""
    if ranks == 1:
        return [], []
    line = engine.launcher
    if not line:
        # After a setup line only that environment's own mpirun will do, and it is known only there.
        if environment.setup:
            return ["mpirun", "-n", str(ranks)], []
        mpiexec = find_mpiexec(environment)
        if mpiexec is None:
            return [], [Problem("error", _missing("mpiexec", environment), suggestion="ranks = 1")]
        line = template(mpiexec, engine.nodes)
    try:
        words = shlex.split(line.format(ranks=ranks))
    except (ValueError, KeyError, IndexError) as e:
        return [], [Problem("error", f"the launcher {line!r} cannot be read: {e}")]
    path = environment.variables().get("PATH")
    if not environment.setup and shutil.which(words[0], path=path) is None:
        return words, [Problem("error", _missing(words[0], environment), suggestion="ranks = 1")]
    return words, []


def _missing(name: str, environment: Environment) -> str:
    where = Path(environment.interpreter if environment.python else sys.executable).parent
    return (
        f"{name} was found neither in {where} nor on PATH: install MPICH (pip install mpich), name a launcher "
        "in the site file, or run with 1 rank"
    )
