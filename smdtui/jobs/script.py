"""The text of submit.sh: what runs, in which environment, and the record of how it ended."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from smdtui.environment import Environment, producer_path
from smdtui.jobs.local import MARK

_TEXT = r"""#!/bin/bash
# {title}
# Run again by hand with:  bash {script}
job={job}
export {mark}="$job"
cd "$job" || exit 1
umask {umask}

# ---- the last thing that happens: leave no process behind, and record how it ended ----------------------------
stopped=
segments=
marked() {{
    {mark}= grep -lszxF "{mark}=$job" /proc/[0-9]*/environ | while IFS=/ read -r _ _ pid _; do
        [ "$pid" = $$ ] || [ "$pid" = "$BASHPID" ] || echo "$pid"
    done
}}
record() {{
    status=$?
    trap '' TERM INT HUP
    for pid in $(marked); do kill -KILL "$pid" 2>/dev/null; done
    [ -z "$segments" ] || rm -f $segments
    text="status = $status
when = \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"
host = \"$(uname -n)\"
ranks = {ranks}
by = \"submit.sh\""
    if [ -n "$stopped" ]; then text="$text
stopped_by = \"$stopped\""; fi
    # exit.reserve holds room kept since the start, so that the record can be written on a full disk.
    if [ -e exit.reserve ]; then
        printf '%s\n' "$text" 1<>exit.reserve && mv -f exit.reserve exit.toml
    else
        printf '%s\n' "$text" >.exit.$$ && mv -f .exit.$$ exit.toml
    fi
}}
trap record EXIT
stop() {{
    stopped=$1
    # The supervisor asks for the end with TERM; when it is gone, its death itself has sent that signal.
    if [ -n "$SMDTUI_SUPERVISOR" ] && ! grep -qs "^PPid:[[:space:]]*$SMDTUI_SUPERVISOR\$" /proc/$$/status; then
        stopped=supervisor-lost
        # Killed MPICH ranks leave their shared memory behind, and nobody else cleans up now.
        segments=$(for pid in $(marked); do grep -hso '/dev/shm/mpich_shm_[^ ]*' "/proc/$pid/maps"; done | sort -u)
    fi
    [ -n "$child" ] && kill -TERM "$child" 2>/dev/null
    # A rank may ignore TERM, and its launcher waits for it.
    [ -n "$child" ] && ( sleep {grace} && kill -KILL "$child" 2>/dev/null ) >/dev/null 2>&1 &
    disown  # its own end is nobody's business
}}
trap 'stop SIGTERM' TERM
trap 'stop SIGINT' INT
trap 'stop SIGHUP' HUP

{begin}# ---- environment: nothing of a scheduler or another launcher, one thread per rank ------------------------
for name in $(compgen -e); do
    case $name in {dropped}) unset "$name" ;; esac
done
{exports}
{setup}
# ---- the job ---------------------------------------------------------------------------------------------------
{command} &
child=$!
wait "$child"; status=$?
# A signal ends the first wait early; the job has ended only when its process has.
while kill -0 "$child" 2>/dev/null; do wait "$child"; status=$?; done
exit "$status"
"""

# A job that was cancelled before its number was known ends here; one that runs says so, with Slurm's own number.
_BEGIN = r"""# ---- under Slurm: say that it has begun --------------------------------------------------------------
if [ -n "$SLURM_JOB_ID" ]; then
    if [ -e cancel.toml ] && [ ! -e start.toml ]; then
        echo 'It was cancelled before it began; without cancel.toml it can be run by hand.'
        stopped=SIGTERM
        exit 143
    fi
    number=$SLURM_JOB_ID
    [ -z "$SLURM_ARRAY_JOB_ID" ] || number=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
    text="when = \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"
host = \"$(uname -n)\"
job = \"$number\"
nodes = \"$SLURM_JOB_NODELIST\""
    printf '%s\n' "$text" >.start.$$ && mv -f .start.$$ start.toml
fi

"""

_DROPPED_SLURM = ("SLURM_*", "SRUN_*")
_DROPPED = ("SBATCH_*", "PMI_*", "PMIX_*", "OMPI_*", "PRTE_*", "HYDRA_*", "I_MPI_*")
_DROPPED_FOREIGN = ("VIRTUAL_ENV*", "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "UV_*", "UV")


def folded(words: Sequence[str]) -> str:
    """A command in shell quoting, an option with its value per line, so that a person can read it."""
    lines: list[list[str]] = [[]]
    for word in words:
        if word.startswith("--") and lines[-1]:
            lines.append([])
        lines[-1].append(word)
    return " \\\n    ".join(shlex.join(line) for line in lines)


def script_text(
    job: Path,
    title: str,
    environment: Environment,
    words: Sequence[str],
    ranks: int,
    together: bool,
    grace: float,
    builders: int = 0,
    allocation: bool = False,
) -> str:
    """`words` is launcher + producer command, its ``python`` already the environment's; `together`: files of the job
    belong to the folder's group as well; `builders` > 0 for Slurm: psana's PS_EB_NODES; `allocation`: the launcher must
    see which nodes Slurm gave."""
    settings = environment.settings() | ({"PS_EB_NODES": str(builders)} if builders else {})
    exports = "\n".join(f"export {k}={shlex.quote(v)}" for k, v in settings.items())
    if environment.setup:
        setup = f"{environment.setup} || exit $?\n{environment.path_line()}\n"
    else:
        setup = f"export PYTHONPATH={shlex.quote(str(producer_path()))}\n"
    dropped = (() if allocation else _DROPPED_SLURM) + _DROPPED + (_DROPPED_FOREIGN if environment.foreign else ())
    return _TEXT.format(
        title=title,
        script=shlex.quote(str(job / "submit.sh")),
        job=shlex.quote(str(job)),
        mark=MARK,
        umask="g+rwx,o-w" if together else "o-w",
        ranks=ranks,
        grace=f"{grace:g}",
        begin=_BEGIN if builders else "",
        dropped="|".join(dropped),
        exports=exports,
        setup=setup,
        command=folded(words),
    )
