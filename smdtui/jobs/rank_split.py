"""What each MPI rank of a job does, as psana divides them, decided before the job is sent and shown with it."""

from dataclasses import dataclass

from smdtui.site import Engine

RANKS_PER_BUILDER = 32


@dataclass(frozen=True)
class RankSplit:
    """`readers` of the small data (smd0), `builders` of events (PS_EB_NODES), `workers` that analyse and write parts of
    the file themselves, so that psana's servers (PS_SRV_NODES) are none. One rank does everything."""

    ranks: int
    readers: int = 0
    builders: int = 0
    workers: int = 1

    @property
    def words(self) -> str:
        """ "1 reads the small data, 3 build events, 116 analyse"; "" for one rank."""
        if self.ranks < 2:
            return ""
        one = self.builders == 1
        return f"1 reads the small data, {self.builders} build{'s' if one else ''} events, {self.workers} analyse" + (
            "s" if self.workers == 1 else ""
        )


def rank_split(engine: Engine, ranks: int) -> RankSplit:
    """`workers` below 1 says that the ranks are too few."""
    if ranks < 2:
        return RankSplit(ranks)
    builders = event_builders(engine, ranks)
    return RankSplit(ranks, 1, builders, ranks - 1 - builders)


def event_builders(engine: Engine, ranks: int) -> int:
    """psana's PS_EB_NODES: what the preset says, else one per 32 ranks; on this machine psana's own 1."""
    if engine.kind == "local":
        return 1
    return engine.event_builders or max(1, ranks // RANKS_PER_BUILDER)
