"""The processes that produce one file together, and what psana makes of each of them.

Nothing here imports MPI before it is asked to, and psana must not be imported before `settings_for_psana`.
"""

import os
import time
from dataclasses import dataclass
from typing import Any, Dict, List, Optional


class WrongLaunch(Exception):
    """The ranks are not as they have to be; the message says what to do. Every rank raises it: `rank` is which."""

    def __init__(self, message: str, rank: int = 0) -> None:
        super().__init__(message)
        self.rank = rank


@dataclass(frozen=True)
class Ranks:
    """`comm` is None when there is one process; `builders`: how many event builders psana is to use."""

    comm: Any
    rank: int
    size: int
    builders: int = 1

    @property
    def serial(self) -> bool:
        return self.size == 1

    @property
    def workers(self) -> int:
        return 1 if self.serial else self.size - 1 - self.builders

    @property
    def role(self) -> str:
        if self.serial:
            return "serial"
        if self.rank == 0:
            return "smd0"
        return "eb" if self.rank <= self.builders else "worker"

    @property
    def works(self) -> bool:
        return self.role in ("serial", "worker")

    def roles(self) -> str:
        """In words: who does what."""
        if self.serial:
            return "1 rank reads, analyses and writes"
        builder = "1" if self.builders == 1 else f"1-{self.builders}"
        first = self.builders + 1
        worker = str(first) if first == self.size - 1 else f"{first}-{self.size - 1}"
        many = "s" if self.workers > 1 else ""
        return (
            f"{self.size} ranks: 0 reads the small data (smd0), {builder} builds events (eb), "
            f"{worker} analyse{'' if many else 's'} ({self.workers} worker{many})"
        )

    def broadcast(self, value: Any) -> Any:
        return value if self.comm is None else self.comm.bcast(value, root=0)

    def gather(self, value: Any) -> Optional[List[Any]]:
        """The values of all ranks in their order on rank 0, None elsewhere."""
        return [value] if self.comm is None else self.comm.gather(value, root=0)

    def wait(self) -> None:
        """Until every rank has come here, asleep: MPI's own waiting keeps a processor busy."""
        if self.comm is not None:
            request = self.comm.Ibarrier()
            while not request.Test():
                time.sleep(0.02)

    def abort(self, status: int) -> None:
        """End all ranks; does not return when there are several."""
        if self.comm is not None:
            time.sleep(1.0)  # mpiexec ends without reading what this rank has just said
            self.comm.Abort(status)


def join(expected: Optional[int] = None) -> Ranks:
    """Start MPI, where it is installed, and find out who we are. Raises `WrongLaunch`."""
    try:
        from mpi4py import MPI
    except ImportError:
        if expected is not None and expected > 1:
            raise WrongLaunch(f"{expected} ranks were asked for, but mpi4py is not installed here.") from None
        os.environ["PS_PARALLEL"] = "none"
        return Ranks(None, 0, 1)
    world = MPI.COMM_WORLD
    rank, size = world.Get_rank(), world.Get_size()
    if expected is not None and size != expected:
        reason = (
            "each process started is a rank of its own: mpiexec belongs to another MPI than mpi4py"
            if size == 1
            else "the launcher was told another number"
        )
        raise WrongLaunch(
            f"{expected} ranks were asked for, but MPI has {size}; {reason} "
            f"(mpi4py uses {MPI.Get_library_version().splitlines()[0].strip()}).",
            rank,
        )
    if size == 1:
        return Ranks(None, 0, 1)
    builders = _builders()
    if size == 2:
        raise WrongLaunch(
            "2 ranks cannot read a run with psana: one reads the small data, one builds events, the others analyse. "
            "Use 1 rank, or 3 and more.",
            rank,
        )
    if size < builders + 2:
        raise WrongLaunch(
            f"{size} ranks are too few for PS_EB_NODES={builders} event builders: at least {builders + 2} are needed "
            "(or set PS_EB_NODES=1).",
            rank,
        )
    return Ranks(world, rank, size, builders)


def _builders() -> int:
    text = os.environ.get("PS_EB_NODES", "1")
    if not text.isdigit() or int(text) < 1:
        raise WrongLaunch(f"PS_EB_NODES must be a number from 1 on, not {text!r}.")
    return int(text)


def settings_for_psana(ranks: Ranks, events: int) -> int:
    """Set psana's environment variables, before psana is imported; returns the batch size for `DataSource`.

    A worker gets `batch` events at a time, so a short run needs small batches to reach all workers: with about eight
    batches each, none waits long for the last one. An event builder gets PS_SMD_N_EVENTS at a time, by default more
    than most runs have, which would leave the other event builders without any.
    """
    batch = max(1, min(1000, events // (8 * ranks.workers)))
    share = max(batch * ranks.workers, min(20_000, -(-events // (4 * ranks.builders))))
    settings: Dict[str, str] = {
        "PS_PARALLEL": "none" if ranks.comm is None else "mpi",  # "none" inherited would give every worker every event
        "PS_SRV_NODES": "0",  # the workers write their own part files
        "PS_EB_NODES": str(ranks.builders),
        "PS_EB_NODE_LOCAL": "0",  # would put one event builder on each node, whatever PS_EB_NODES says
        "PS_SMD_N_EVENTS": str(share),
    }
    os.environ.update(settings)
    # Reads of 4 MB are twice as fast as psana's 16 MB for images, whose buffers are mapped and unmapped each time.
    os.environ.setdefault("PS_BD_CHUNKSIZE", str(4 << 20))
    return batch
