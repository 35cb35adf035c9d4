"""``python -m producer --exp EXP --run N --profile P.toml --output OUT.h5``: one run to one verified HDF5 file.

Alone, or on several ranks: ``mpiexec -n 5 python -m mpi4py.run -m producer ... --ranks 5``. The exit status is 0 only
when the file is verified and has its final name.
"""

import argparse
import errno
import faulthandler
import os
import sys
import traceback
from pathlib import Path
from typing import Callable, List, NoReturn, Optional, Tuple

from producer import log
from producer.plan_check import PlanRefused
from producer.production import Production, Request, refusals
from producer.ranks import Ranks, WrongLaunch, join


def parser() -> argparse.ArgumentParser:
    given = argparse.ArgumentParser(
        prog="python -m producer",
        description="Produce the SmallData file of one run.",
        epilog="example: mpiexec -n 5 python -m mpi4py.run -m producer --exp xpplv2318 --run 17 --profile lv2318.toml "
        "--output /data/hdf5/smalldata/xpplv2318_Run0017.h5 --ranks 5",
    )
    given.add_argument("--exp", required=True, metavar="EXP", help="experiment, as in the names of its files")
    given.add_argument("--run", required=True, type=_from_one, metavar="N", help="run number")
    given.add_argument("--profile", required=True, type=Path, metavar="P.toml", help="what to extract")
    given.add_argument("--output", required=True, type=Path, metavar="OUT.h5", help="file to write")
    given.add_argument("--dir", metavar="XTC_DIR", help="folder of the xtc2 files [$SIT_PSDM_DATA/<hutch>/<exp>/xtc]")
    given.add_argument("--events", type=_from_one, default=0, metavar="N", help="only the first N events")
    given.add_argument(
        "--wait",
        type=_from_one,
        default=0,
        metavar="S",
        help="wait for the end of a run that is being recorded, until nothing was written to it for S seconds",
    )
    given.add_argument("--ranks", type=_from_one, metavar="N", help="refuse to run on another number of ranks")
    given.add_argument("--job", type=Path, metavar="JOBDIR", help="folder for progress and verdict")
    given.add_argument("--calib", type=Path, metavar="DIR", help="constants <DIR>/<detector>/<ctype>.npy, geometry.txt")
    return given


def _from_one(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def main(argv: Optional[List[str]] = None) -> int:
    arguments = parser().parse_args(argv)
    log.start()
    faulthandler.enable()  # psana can crash on damaged data: then at least the log says where
    try:
        ranks = join(arguments.ranks)
    except WrongLaunch as wrong:
        if wrong.rank == 0:
            log.error(str(wrong))
        return 1
    request = Request(
        experiment=arguments.exp,
        run=arguments.run,
        profile=arguments.profile,
        output=arguments.output,
        directory=arguments.dir,
        limit=arguments.events,
        job=None if arguments.job is None else Path(os.path.abspath(arguments.job)),
        calibration=arguments.calib,
        patience=arguments.wait,
    )
    production: Optional[Production] = None
    restore = _guard_exit(ranks)
    try:
        production = Production(request, ranks)
        status = production.run()
        restore()
        return status
    except BaseException as error:  # of one rank only: all must end, or the others wait for ever
        restore()
        return _end_all(ranks, production, error)


def _guard_exit(ranks: Ranks) -> Callable[[], None]:
    """Until the returned function is called, os._exit of this process ends all ranks with status 1: mpiexec takes a
    rank that leaves with status 0 for the regular end of the job and ends with status 0 itself."""
    leave, own = os._exit, os.getpid()

    def guarded(status: int) -> NoReturn:
        if os.getpid() != own:  # a process forked from this one
            leave(status)
        log.error(f"verdict: failed: rank {ranks.rank} ({ranks.role}): left by os._exit({status!r})")
        _flush()
        os._exit = leave
        ranks.abort(1)
        leave(1)

    def restore() -> None:
        os._exit = leave

    os._exit = guarded
    return restore


def _end_all(ranks: Ranks, production: Optional[Production], error: BaseException) -> int:
    """Say why, then end every rank. A verdict is left as it is when the file has its final name already."""
    message, problems, understood = _why(error)
    if ranks.size > 1:
        message = f"rank {ranks.rank} ({ranks.role}): {message}"
    try:
        for text in problems:
            log.plain(text)
        if not understood:
            traceback.print_exc()
        if production is not None and not production.published:
            production.give_up(message)
        if production is not None:
            production.output.close()
    except OSError as trouble:  # the disk may be full: that is no reason to leave the others waiting
        log.error(f"the job's folder cannot be written: {trouble}")
    if production is not None and production.published:
        log.error(f"{production.output.path} is verified and has its name, but then: {message}")
    else:
        log.error(f"verdict: failed: {message}")
    _flush()
    ranks.abort(1)
    return 1


def _why(error: BaseException) -> Tuple[str, List[str], bool]:
    """What ended the rank, the lines to print before it, and whether that is all there is to know."""
    if isinstance(error, PlanRefused):
        count = len(error.problems)
        message = f"the profile does not go with the run ({count} error{'s' * (count > 1)})"
        return message, [problem.text() for problem in error.problems], True
    if isinstance(error, refusals()):
        return str(error), [], True
    if isinstance(error, SystemExit):
        return f"left by sys.exit({error.code!r}) before the end of the run", [], True
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", [], True
    if (isinstance(error, OSError) and error.errno == errno.ENOSPC) or "No space left" in str(error):
        return f"the disk is full: {error}", [], True
    return f"{type(error).__name__}: {error}", [], False


def _flush() -> None:
    sys.stdout.flush()
    sys.stderr.flush()


if __name__ == "__main__":
    status = main()
    _flush()
    if status and not ("mpi4py.MPI" in sys.modules and sys.modules["mpi4py.MPI"].COMM_WORLD.Get_size() > 1):
        os._exit(status)  # HDF5 files that could not be written make the interpreter's end fail, and loudly
    sys.exit(status)
