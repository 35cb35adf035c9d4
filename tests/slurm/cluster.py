"""A real Slurm on the loopback interface for tests: two virtual nodes on this machine, all state in one folder.

The daemons are the system's; where they are not installed they come from Debian's packages, unpacked (not installed)
into a folder. Nothing needs root.
"""

import ctypes
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PACKAGES = ["slurmctld", "slurmd", "slurm-client", "slurm-wlm-basic-plugins", "libmunge2", "libhwloc15", "liblua5.1-0"]
NODES, CPUS, MEMORY = 2, 4, 8000
START_SECONDS = 30.0


class NoSlurm(Exception):
    """Why there can be none here."""


def find(cache: Path) -> dict[str, str]:
    """The variables to add to the environment so that Slurm's programs are found. Raises NoSlurm."""
    system = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
    if all(shutil.which(name, path=system) for name in ("slurmctld", "slurmd", "squeue")):
        return {"PATH": system}
    if not all(shutil.which(name) for name in ("apt-get", "dpkg")):
        raise NoSlurm("Slurm is not installed, and this is no Debian that could unpack its packages")
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (cache / "complete").exists():
            _unpack(cache)
    libraries = next((cache / "usr/lib").glob("*-linux-gnu"))
    return {
        "PATH": os.pathsep.join([f"{cache}/usr/bin", f"{cache}/usr/sbin", system]),
        "LD_LIBRARY_PATH": f"{libraries}/slurm-wlm:{libraries}",
    }


def _unpack(cache: Path) -> None:
    debs = cache / "debs"
    debs.mkdir(exist_ok=True)
    # A machine may have no lists of packages, and only root may fetch the system's: then lists of our own.
    own = [f"Dir::State={cache}/state", f"Dir::Cache={cache}/cache", "Dir::State::status=/var/lib/dpkg/status"]
    options = [word for one in own for word in ("-o", one)]
    why = _fetch(debs, [])
    if why:
        for name in ("state/lists/partial", "cache/archives/partial"):
            (cache / name).mkdir(parents=True, exist_ok=True)
        why = _apt(cache, [*options, "update"]) or _fetch(debs, options)
    if why:
        raise NoSlurm(f"Slurm is not installed, and its packages cannot be fetched: {why}")
    for deb in debs.glob("*.deb"):
        subprocess.run(["dpkg", "-x", str(deb), str(cache)], check=True, capture_output=True, timeout=60)
    for folder in ("usr/sbin", "usr/bin"):
        for program in (cache / folder).glob("*-wlm"):
            plain = program.with_name(program.name.removesuffix("-wlm"))
            if not plain.exists():
                plain.symlink_to(program.name)
    (cache / "complete").touch()


def _fetch(debs: Path, options: list[str]) -> str:
    return _apt(debs, [*options, "download", *PACKAGES])


def _apt(folder: Path, words: list[str]) -> str:
    """Why it failed; "" when it did not."""
    try:
        done = subprocess.run(["apt-get", "-qq", *words], cwd=folder, capture_output=True, text=True, timeout=90)
    except subprocess.TimeoutExpired:
        return "no answer in 90 s"
    return done.stderr.strip()[-300:] or f"apt-get ended with {done.returncode}" if done.returncode else ""


def _ports(count: int) -> list[int]:
    """Free ones of the loopback interface."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    found = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return found


@dataclass
class Cluster:
    """`variables` must be in the environment of whoever calls sbatch and squeue. `calls` counts those calls."""

    folder: Path
    programs: dict[str, str]
    _daemons: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        path = os.pathsep.join([str(self.folder / "counted"), self.programs["PATH"]])
        return {**self.programs, "PATH": path, "SLURM_CONF": str(self.folder / "slurm.conf")}

    # -- up and down
    def start(self) -> None:
        for name in ("log", "state", "spool", "counted"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self._configure()
        self._count_calls()
        self.start_controller()
        for n in range(1, NODES + 1):
            stepd = shutil.which("slurmstepd", path=self.programs["PATH"])
            self._spawn(f"n{n}", "slurmd", "-D", "-N", f"n{n}", *(["-d", stepd] if stepd else []))
        self._wait(lambda: self.ask("sinfo", "-h", "-N", "-p", "debug", "-o", "%T").split() == ["idle"] * NODES)

    def start_controller(self) -> None:
        self._spawn("slurmctld", "slurmctld", "-D")
        self._wait(self.controller_up)

    def controller_up(self) -> bool:
        return self._run("scontrol", "ping", timeout=5).returncode == 0

    def stop_controller(self) -> None:
        self._end("slurmctld")

    def stop(self) -> None:
        if self._daemons.get("slurmctld"):
            ids = self.ask("squeue", "-h", "-o", "%A").split()
            if ids:
                self._run("scancel", *ids)
            self._wait(lambda: not self.ask("squeue", "-h", "-o", "%A").split(), fail=False)
        for name in reversed(list(self._daemons)):
            self._end(name)

    def _spawn(self, name: str, *words: str) -> None:
        with open(self.folder / "log" / f"{name}.out", "ab") as out:
            environment = {**os.environ, **self.variables, "PATH": self.programs["PATH"]}
            self._daemons[name] = subprocess.Popen(
                words,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )

    def _end(self, name: str) -> None:
        daemon = self._daemons.pop(name, None)
        if daemon is None:
            return
        daemon.terminate()
        try:
            daemon.wait(10)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait(10)

    def _wait(self, condition, fail: bool = True) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            dead = [name for name, one in self._daemons.items() if one.poll() is not None]
            if dead:
                raise NoSlurm(f"{dead[0]} ended: {self._log(dead[0])}")
            if condition():
                return
            time.sleep(0.1)
        if fail:
            raise NoSlurm(f"Slurm is not ready after {START_SECONDS:.0f} s: {self._log('slurmctld')}")

    def _log(self, name: str) -> str:
        return (self.folder / "log" / f"{name}.out").read_text(errors="replace")[-600:]

    # -- asking it, not counted
    def _run(self, *words: str, timeout: float = 30) -> "subprocess.CompletedProcess[str]":
        environment = {**os.environ, **self.variables, "PATH": self.programs["PATH"]}
        return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=timeout)

    def ask(self, *words: str) -> str:
        return self._run(*words).stdout

    # -- counting
    def _count_calls(self) -> None:
        """Programs of the same names that write down each call and hand it on."""
        for name in ("squeue", "sacct", "scontrol", "sbatch", "scancel"):
            real = shutil.which(name, path=self.programs["PATH"])
            wrapper = self.folder / "counted" / name
            text = f'#!/bin/sh\necho "$(date +%s.%N) {name} $*" >>{self.folder}/calls.txt\nexec {real} "$@"\n'
            wrapper.write_text(text)
            wrapper.chmod(0o755)

    def calls(self, *names: str) -> list[float]:
        """When (Unix seconds) one of `names` was called."""
        path = self.folder / "calls.txt"
        lines = path.read_text().splitlines() if path.exists() else []
        return [float(line.split()[0]) for line in lines if line.split()[1] in names]

    def _configure(self) -> None:
        control, *nodes = _ports(1 + NODES)
        run, host = self.folder, socket.gethostname().split(".")[0]
        version = self._run("slurmctld", "-V").stdout.split()[-1].split(".")
        lines = [
            "ClusterName=test",
            f"SlurmctldHost={host}(127.0.0.1)",
            f"SlurmctldPort={control}",
            f"SlurmUser={_user()}",
            f"SlurmdUser={_user()}",
            "CommunicationParameters=NoCtldInAddrAny,NoInAddrAny",
            "AuthType=auth/none",
            "CredType=cred/none",
            f"SlurmctldPidFile={run}/slurmctld.pid",
            f"SlurmdPidFile={run}/slurmd.%n.pid",
            f"StateSaveLocation={run}/state",
            f"SlurmdSpoolDir={run}/spool/%n",
            "SlurmdParameters=config_overrides",
            f"TmpFS={run}",
            "MailProg=/bin/true",
            "MpiDefault=none",
            "ReturnToService=2",
            "KillWait=3",
            "SlurmctldTimeout=30",
            "MessageTimeout=5",
            "SchedulerType=sched/backfill",
            "SchedulerParameters=sched_interval=2,bf_interval=3,sched_min_interval=0,batch_sched_delay=0",
            "SelectType=select/cons_tres",
            "SelectTypeParameters=CR_Core",
            "ProctrackType=proctrack/linuxproc",
            "AccountingStorageType=accounting_storage/none",
            "JobCompType=jobcomp/none",
            *(
                f"NodeName=n{n} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={CPUS} RealMemory={MEMORY}"
                for n, port in enumerate(nodes, 1)
            ),
            "PartitionName=debug Nodes=ALL Default=YES MaxTime=60 DefaultTime=10 State=UP",
            "PartitionName=short Nodes=ALL MaxTime=2 DefaultTime=1 State=UP",
            "PartitionName=closed Nodes=ALL State=DOWN",
        ]
        plugins = Path(self.programs.get("LD_LIBRARY_PATH", "/nowhere").split(":")[0])
        if plugins.is_dir():
            lines.append(f"PluginDir={plugins}")
        (run / "slurm.conf").write_text("\n".join(lines) + "\n")
        if (int(version[0]), int(version[1])) >= (24, 5):  # an older slurmd stops at this line, a newer one without it
            (run / "cgroup.conf").write_text("CgroupPlugin=disabled\n")


def _end_with_parent() -> None:
    """In the child: a test run that is killed leaves no daemon behind (PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _user() -> str:
    import getpass

    return getpass.getuser()


def running(folder: Path, cache: Path) -> Iterator[Cluster]:
    """A cluster in `folder`, ended afterwards. Raises NoSlurm."""
    cluster = Cluster(folder, find(cache))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
