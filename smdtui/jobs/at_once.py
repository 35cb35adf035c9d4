"""How many runs of one launch are at work at a time, where that is not what the site's preset says."""

from dataclasses import replace

from smdtui.site import Site


def with_at_once(site: Site, engine: str, at_once: int | None) -> Site:
    """`site` with that number for the engine of that name ("": the first); 0 makes a job of its own for each run, None
    leaves the preset. Raises ValueError for an engine that has no arrays."""
    name = engine or site.default_engine
    if at_once is None or name not in site.engines:
        return site
    preset = site.engines[name]
    if preset.kind != "slurm":
        raise ValueError(f"{name} is this machine, whose jobs wait for each other by themselves: leave out how many")
    if at_once < 0:
        raise ValueError(f"{at_once} runs at a time were asked for; it must be 0 (each by itself) or more")
    return replace(site, engines={**site.engines, name: replace(preset, concurrency=at_once)})
