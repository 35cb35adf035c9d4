"""The site file: where data are, which engines exist, how the psana environment is entered."""

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import tomllib

from producer.problem import Problem, nearest
from smdtui.environment import READERS, Environment

PACKAGED = Path(__file__).resolve().parent.parent / "profiles" / "sites" / "local.toml"
KINDS = ("local", "slurm")
NOTICES = ("bell", "osc9", "osc777")  # how a terminal is told that a job has ended


class SiteError(Exception):
    """The site file cannot be used; `problems` says everything that is wrong with it."""

    def __init__(self, problems: list[Problem]):
        self.problems = problems
        super().__init__("\n".join(p.text() for p in problems))


@dataclass(frozen=True)
class Engine:
    """One way of running a job. `launcher` is a template with ``{ranks}`` ("" = the mpiexec found here); `ranks` the
    number offered at first. The rest concerns Slurm only and is refused for a local engine: each becomes the option of
    sbatch of that name (`ranks_per_node`: --ntasks-per-node), where it is not "", 0 or false. `reservation_from` and
    `reservation_until` are ISO 8601 dates or times between which the reservation may be asked for; `concurrency` > 0
    makes the runs of one launch an array of which so many run at a time; `event_builders` is psana's PS_EB_NODES, 0 =
    one per 32 ranks; `extra` are further options as in a shell. ``{experiment}`` in account and reservation is its
    name."""

    kind: str = "local"
    launcher: str = ""
    ranks: int = 5
    partition: str = ""
    account: str = ""
    reservation: str = ""
    reservation_from: str = ""
    reservation_until: str = ""
    qos: str = ""
    constraint: str = ""
    nodes: int = 0
    ranks_per_node: int = 0
    exclusive: bool = False
    time: str = ""
    concurrency: int = 0
    event_builders: int = 0
    extra: str = ""

    def of(self, experiment: str) -> "Engine":
        """The engine as it is for one experiment."""
        account, reservation = (text.replace("{experiment}", experiment) for text in (self.account, self.reservation))
        return replace(self, account=account, reservation=reservation)


_COMMON = ("kind", "launcher", "ranks")
_SLURM_ONLY = tuple(f.name for f in fields(Engine) if f.name not in _COMMON)
_OWN_OPTIONS = {"-D", "-H", "-J", "-Q", "-W", "-a", "-b", "-e", "-i", "-n", "-o"} | {
    *("--array", "--begin", "--chdir", "--comment", "--error", "--hold", "--input", "--job-name", "--ntasks"),
    *(
        "--no-requeue",
        "--open-mode",
        "--output",
        "--parsable",
        "--quiet",
        "--requeue",
        "--test-only",
        "--wait",
        "--wrap",
    ),
}
_CLUSTER_OPTIONS = ("-M", "--cluster", "--clusters")  # what is asked and cancelled later is that of SLURM_CONF
# Options that have a key of their own, so that one place says them.
_KEYED_OPTIONS = {
    **{"-p": "partition", "--partition": "partition", "-A": "account", "--account": "account", "-q": "qos"},
    **{"--qos": "qos", "--reservation": "reservation", "-C": "constraint", "--constraint": "constraint"},
    **{"-t": "time", "--time": "time", "-N": "nodes", "--nodes": "nodes", "--exclusive": "exclusive"},
    **{"--ntasks-per-node": "ranks_per_node", "--tasks-per-node": "ranks_per_node"},
}


@dataclass(frozen=True)
class Site:
    """`data_roots` hold ``<hutch>/<experiment>/xtc``; `skipped_roots` are those whose variable is not set; `results`
    and `calib` (a folder of calibration constants) are "" for none; `hutches` are those with environments of
    their own; `engines` keeps the file's order; `notify` is how a terminal is told that a job has ended, None: as suits
    it."""

    name: str
    data_roots: tuple[Path, ...] = ()
    skipped_roots: tuple[str, ...] = ()
    results: str = ""
    calib: str = ""
    demo: bool = False
    notify: tuple[str, ...] | None = None
    environment: Environment = field(default_factory=Environment)
    hutches: Mapping[str, Environment] = field(default_factory=dict)
    engines: Mapping[str, Engine] = field(default_factory=lambda: {"local": Engine()})
    path: Path = PACKAGED

    def environment_for(self, experiment: str) -> Environment:
        """That of the experiment's hutch, else the site's."""
        return self.hutches.get(experiment[:3], self.environment)

    @property
    def default_engine(self) -> str:
        return next(iter(self.engines))


def find(path: str | Path | None = None) -> Path:
    """The site file that applies: the argument, $SMDTUI_SITE, the user's own, the packaged one."""
    if path:
        return Path(path)
    if os.environ.get("SMDTUI_SITE"):
        return Path(os.environ["SMDTUI_SITE"])
    own = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "smdtui" / "site.toml"
    return own if own.exists() else PACKAGED


def load(path: str | Path | None = None) -> Site:
    """Raises SiteError with every problem at once."""
    file = find(path).expanduser()
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as e:
        why = e.strerror if isinstance(e, OSError) else "it is not UTF-8 text"
        raise SiteError([Problem("error", f"the site file cannot be read: {why}", file=str(file))]) from e
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        at = re.search(r"line (\d+), column (\d+)", str(e))
        line, column = (int(at[1]), int(at[2])) if at else (0, 0)
        message = f"not valid TOML: {str(e).split(' (at')[0]}"
        raise SiteError([Problem("error", message, file=str(file), line=line, column=column)]) from e
    reader = _Reader(str(file), text)
    site = reader.site(table, file)
    if reader.problems:
        raise SiteError(reader.problems)
    return site


class _Reader:
    """Reads tables into the dataclasses above and collects what is wrong on the way."""

    def __init__(self, file: str, text: str):
        self.file, self.lines, self.problems = file, text.splitlines(), list[Problem]()

    def wrong(self, message: str, key: str, suggestion: str = "") -> None:
        self.problems.append(
            Problem("error", message, key=key, file=self.file, line=self.line(key), suggestion=suggestion)
        )

    def line(self, key: str) -> int:
        """The line of a dotted key: the last part within the table that the others name; 0 if not found."""
        *table, last = key.split(".")
        inside = not table
        for number, line in enumerate(self.lines, 1):
            header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line)
            if header:
                name = header[1].replace('"', "")
                if name == key:
                    return number
                inside = name == ".".join(table)
            elif inside and re.match(rf'\s*"?{re.escape(last)}"?\s*[=.]', line):
                return number
        return 0

    def site(self, table: dict[str, Any], file: Path) -> Site:
        known = {f.name for f in fields(Site)} - {"path", "skipped_roots"}
        table = self.only(table, known, "")
        base = file.resolve().parent
        roots, skipped = [], []
        for root in self.typed(table, "data_roots", list[str], [], ""):
            place = self.place(root, base)
            if place is None:
                skipped.append(root)
            else:
                roots.append(Path(place))
        engines = self.typed(table, "engines", dict, {}, "")
        hutches = self.typed(table, "hutches", dict, {}, "")
        return Site(
            name=self.typed(table, "name", str, file.stem, ""),
            data_roots=tuple(roots),
            skipped_roots=tuple(skipped),
            results=self.place(self.typed(table, "results", str, "", ""), base) or "",
            calib=self.place(self.typed(table, "calib", str, "", ""), base) or "",
            demo=self.typed(table, "demo", bool, False, ""),
            notify=self.notify(table),
            environment=self.environment(self.typed(table, "environment", dict, {}, ""), "environment"),
            hutches={n: self.environment(t, f"hutches.{n}") for n, t in hutches.items()},
            engines={n: self.engine(n, t) for n, t in engines.items()} or {"local": Engine()},
            path=file,
        )

    def notify(self, table: dict[str, Any]) -> tuple[str, ...] | None:
        if "notify" not in table:
            return None
        kinds = self.typed(table, "notify", list[str], [], "")
        for kind in kinds:
            if kind not in NOTICES:
                near = nearest(kind, NOTICES)
                self.wrong(
                    f"{kind!r} is no way of telling a terminal; there are {', '.join(NOTICES)}", "notify", *near[:1]
                )
        return tuple(kinds)

    def environment(self, table: Any, key: str) -> Environment:
        if not isinstance(table, dict):
            self.wrong(f"an environment is a table: [{key}] with setup, python, names", key)
            return Environment()
        found: Environment = self.record(Environment, table, key)
        if found.names not in READERS:
            near = nearest(found.names, READERS)
            have = ", ".join(READERS)
            self.wrong(f"{found.names!r} is no way of reading names; there are {have}", f"{key}.names", *near[:1])
        return found

    def engine(self, name: str, table: Any) -> Engine:
        key = f"engines.{name}"
        if not isinstance(table, dict):
            self.wrong(f"an engine is a table: [{key}] with kind, launcher, ranks", key)
            return Engine()
        engine = self.record(Engine, table, key)
        if engine.kind not in KINDS:
            near = nearest(engine.kind, KINDS)
            self.wrong(f"{engine.kind!r} is no kind of engine; there are local and slurm", f"{key}.kind", *near[:1])
        if engine.kind == "local":
            for slurm in (k for k in _SLURM_ONLY if k in table):
                self.wrong(f"{slurm!r} concerns Slurm only; this engine is local", f"{key}.{slurm}")
        self.slurm(engine, key)
        if engine.ranks < 1 or engine.ranks == 2:
            self.wrong(f"ranks is {engine.ranks}; psana needs 1, or at least 3", f"{key}.ranks")
        if engine.launcher:
            try:
                engine.launcher.format(ranks=1)
            except (KeyError, ValueError, IndexError):
                self.wrong("the launcher may hold {ranks} and no other braces", f"{key}.launcher")
            if "{ranks}" not in engine.launcher:
                self.wrong('the launcher must say how many ranks: "mpirun -n {ranks}"', f"{key}.launcher")
        return engine

    def slurm(self, engine: Engine, key: str) -> None:
        for name in ("nodes", "ranks_per_node", "concurrency", "event_builders"):
            if getattr(engine, name) < 0:
                self.wrong(f"{name} must be 0 or more, not {getattr(engine, name)}", f"{key}.{name}")
        for name in ("account", "reservation"):
            if re.search(r"[{}]", getattr(engine, name).replace("{experiment}", "")):
                self.wrong(f"{name} may hold {{experiment}} and no other braces", f"{key}.{name}")
        if engine.time and not re.fullmatch(r"(\d+-)?\d+(:\d+){0,2}", engine.time):
            self.wrong(f'time is {engine.time!r}; write "4:00:00", "1-12" or minutes', f"{key}.time")
        if engine.nodes and engine.ranks_per_node and engine.nodes * engine.ranks_per_node < engine.ranks:
            room = engine.nodes * engine.ranks_per_node
            self.wrong(f"{engine.ranks} ranks do not fit: nodes x ranks_per_node is {room}", f"{key}.ranks")
        for name in ("reservation_from", "reservation_until"):
            try:
                datetime.fromisoformat(getattr(engine, name) or "2000-01-01")
            except ValueError:
                self.wrong(f'{name} must be a date or time such as "2026-03-01T09:00"', f"{key}.{name}")
            if getattr(engine, name) and not engine.reservation:
                self.wrong(f"{name} is given without a reservation", f"{key}.{name}")
        try:
            words = shlex.split(engine.extra)
        except ValueError as e:
            self.wrong(f"extra cannot be read as options: {e}", f"{key}.extra")
            return
        for word in words:
            self.extra(word, f"{key}.extra")

    def extra(self, word: str, key: str) -> None:
        """One word that sbatch is given besides. Its long options may be cut short, as in --part=x."""
        if not re.fullmatch(r"-[A-Za-z].*|--[a-z].*", word):
            self.wrong(f"{word!r} in extra is no option; write each as one word, such as --nodelist=n1", key)
            return
        long = word.startswith("--")
        name = word.split("=")[0] if long else word[:2]
        own = [o for o in _OWN_OPTIONS if o == name or (long and o.startswith(name))]
        keyed = [k for o, k in _KEYED_OPTIONS.items() if o == name or (long and o.startswith(name))]
        if any(o == name or (long and o.startswith(name)) for o in _CLUSTER_OPTIONS):
            self.wrong(f"{word} in extra: jobs go to the cluster that SLURM_CONF means, and to no other", key)
        elif own:
            self.wrong(f"{word} in extra: this program sets that option itself", key)
        elif keyed:
            self.wrong(f"{word} in extra: the engine has the key {keyed[0]} for it", key, keyed[0])

    def place(self, text: str, base: Path) -> str | None:
        """`text` with ~ and variables replaced, relative to the site file; None where a variable is not set."""
        if not text:
            return ""
        whole = os.path.expanduser(os.path.expandvars(text))
        return None if re.search(r"\$\w|\$\{", whole) else str(base / whole)

    def only(self, table: dict[str, Any], known: set[str], prefix: str) -> dict[str, Any]:
        for key in table.keys() - known:
            near = nearest(key, known)
            have = ", ".join(sorted(known))
            self.wrong(f"unknown key {key!r}; there are {have}", f"{prefix}{key}", *near[:1])
        return {k: v for k, v in table.items() if k in known}

    def record(self, cls: type[Any], table: dict[str, Any], prefix: str) -> Any:
        table = self.only(table, {f.name for f in fields(cls)}, f"{prefix}.")
        hints = get_type_hints(cls)
        return cls(**{f.name: self.typed(table, f.name, hints[f.name], f.default, prefix) for f in fields(cls)})

    def typed(self, table: dict[str, Any], key: str, kind: Any, default: Any, prefix: str) -> Any:
        value = table.get(key, default)
        outer, inner = get_origin(kind) or kind, get_args(kind)
        good = isinstance(value, outer) and not (outer is int and isinstance(value, bool))
        if good and inner:
            good = all(isinstance(v, inner[0]) for v in value)
        if good:
            return value
        words = {str: "a text", int: "a whole number", bool: "true or false", list: "a list of texts", dict: "a table"}
        self.wrong(f"{key} must be {words[outer]}, not {value!r}", f"{prefix}.{key}" if prefix else key)
        return default
