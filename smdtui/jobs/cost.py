"""What a launch may cost at most: runs x nodes x the time limit, as the site's preset asks for them."""

import math
from dataclasses import dataclass

from smdtui.site import Engine


@dataclass(frozen=True)
class Cost:
    """At most: a job that ends early gives its nodes back. `nodes` of each job, None where Slurm chooses their number;
    `hours` is the time limit of each, None where it is the partition's own (or, on this machine, none); `at_once` of
    the `jobs` run at a time, None for as many as there is room for."""

    jobs: int
    ranks: int
    nodes: int | None = None
    hours: float | None = None
    at_once: int | None = None
    local: bool = False

    @property
    def node_hours(self) -> float | None:
        """None where the preset does not say how many nodes, or for how long."""
        return None if self.nodes is None or self.hours is None else self.jobs * self.nodes * self.hours

    @property
    def core_hours(self) -> float | None:
        """Of one core per rank; None without a time limit."""
        return None if self.hours is None else self.jobs * self.ranks * self.hours

    @property
    def words(self) -> str:
        """``12 jobs x 2 nodes x 4 h = at most 96 node-hours, 4 at a time``"""
        jobs = _many(self.jobs, "job")
        ranks = _many(self.ranks, "rank")
        if self.local:
            return f"{jobs} of {ranks} on this machine; no nodes of a cluster"
        size = ranks if self.nodes is None else _many(self.nodes, "node")
        at_once = f", {self.at_once} at a time" if self.at_once and self.jobs > self.at_once else ""
        if self.hours is None:
            return f"{jobs} x {size} for as long as the partition allows{at_once}; `time` in the site file limits it"
        hours = f"{self.hours:.3g} h"
        total = (
            f"{self.node_hours:.3g} node-hours" if self.node_hours is not None else f"{self.core_hours:.3g} core-hours"
        )
        return f"{jobs} x {size} x {hours} = at most {total}{at_once}"


def cost(engine: Engine, ranks: int, runs: int) -> Cost:
    """Of `runs` runs, each a job of `ranks` ranks. The number of nodes is the preset's, else what `ranks_per_node`
    makes of the ranks."""
    if engine.kind == "local":
        return Cost(runs, ranks, local=True)
    nodes = engine.nodes or (math.ceil(ranks / engine.ranks_per_node) if engine.ranks_per_node else None)
    return Cost(runs, ranks, nodes, hours(engine.time), engine.concurrency or None)


def hours(limit: str) -> float | None:
    """Of sbatch's time limit: ``M``, ``M:S``, ``H:M:S``, ``D-H``, ``D-H:M``, ``D-H:M:S``. Slurm rounds up to whole
    minutes, and takes 0 for no limit: None, as for ""."""
    if not limit:
        return None
    days, dash, rest = limit.rpartition("-")
    parts = [int(part) for part in rest.split(":")]
    # With days the first part is hours; without, a lone number or two parts begin with minutes.
    if dash or len(parts) == 3:
        h, m, s = (*parts, 0, 0)[:3]
    else:
        h, (m, s) = 0, (*parts, 0)[:2]
    minutes = int(days or 0) * 1440 + h * 60 + m + (1 if s else 0)
    return minutes / 60 or None


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
