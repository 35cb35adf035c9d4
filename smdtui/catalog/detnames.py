"""What the program `detnames` of psana prints, both generations, as the `names` object.

psana2 prints a rule, a header, a rule, the rows and a rule, columns parted by ``|``; `-e` has two columns.  psana of
LCLS-I prints a header and rows parted likewise, three columns everywhere: full name, DAQ alias, user alias.
"""

import re
from typing import Any

from smdtui.catalog.asked_process import run_to_end
from smdtui.catalog.probe_process import ProbeFailed, died_of
from smdtui.environment import Environment

USAGE = 2  # exit status of a program that does not know a flag
_RULE = re.compile(r"[-=+\s|]{3,}")
_HEADERS = {
    ("name", "data type"),
    ("detector name", "epics name"),
    ("name", "det type", "data type", "version"),
    ("name", "data type", "segments", "uniqueid"),
    ("full name", "daq alias", "user alias"),
    ("full-name", "daq-alias", "user-alias"),
}


def source(experiment: str, run: int, generation: int, directory: str = "") -> str:
    """The argument that names the run: ``exp=E:run=N`` for LCLS-I, ``exp=E,run=N`` for psana2."""
    mark = ":" if generation == 1 else ","
    parts = [f"exp={experiment}", f"run={run}", *([f"dir={directory}"] if directory else [])]
    return mark.join(parts)


def rows(text: str) -> list[tuple[str, ...]]:
    """The rows of the table in what was printed, cells without blanks around; lines that are no rows are left out."""
    found: list[tuple[str, ...]] = []
    for line in text.replace("\r", "").split("\n"):
        if "|" not in line or _RULE.fullmatch(line):
            continue
        cells = tuple(cell.strip() for cell in line.split("|"))
        if tuple(re.sub(r"\s+", " ", cell).casefold() for cell in cells) in _HEADERS or not any(cells):
            continue
        found.append(cells)
    return found


def is_table(text: str) -> bool:
    """Whether there is a table at all; an empty one is a run without such names."""
    return any(_RULE.fullmatch(line) and "-" in line for line in text.split("\n")) or bool(rows(text))


def epics(text: str) -> list[dict[str, str]]:
    """alias and PV of what ``detnames -e`` printed. LCLS-I: the user alias, else the DAQ alias, else the full name."""
    result = []
    for cells in rows(text):
        if len(cells) >= 3:
            full, daq, user = cells[:3]
            if full:
                result.append({"alias": user or daq or full, "pv": full})
        elif len(cells) == 2 and cells[0]:
            result.append({"alias": cells[0], "pv": cells[1]})
    return result


def detectors(text: str) -> list[dict[str, Any]]:
    """Detectors and their data types of what ``detnames`` printed without a flag."""
    found: dict[str, dict[str, Any]] = {}
    for cells in rows(text):
        if len(cells) >= 3:  # LCLS-I: XppEndstation.0:Opal1000.1 | opal_1 | my_opal
            full, daq, user = cells[:3]
            if not full:
                continue
            name = user or daq or full
            found.setdefault(name, {**_EMPTY, "name": name, "type": _kind(full), "full_name": full, "data_types": []})
        elif len(cells) == 2 and cells[0]:
            one = found.setdefault(cells[0], {**_EMPTY, "name": cells[0], "type": "", "data_types": []})
            if cells[1] and cells[1] not in one["data_types"]:
                one["data_types"].append(cells[1])
    return list(found.values())


def scan(text: str) -> list[dict[str, str]]:
    """Scan variables of what ``detnames -s`` printed."""
    return [{"name": cells[0], "data_type": cells[1] if len(cells) > 1 else ""} for cells in rows(text) if cells[0]]


_EMPTY = {"shape": None, "dtype": None}


def _kind(full: str) -> str:
    """ "Opal1000" of ``XppEndstation.0:Opal1000.1``; "" of a name without such parts."""
    match = re.fullmatch(r"[^:]+:([A-Za-z0-9_]+)\.\d+", full)
    return match[1] if match else ""


def answer(experiment: str, run: int, texts: dict[str, str]) -> dict[str, Any]:
    """The `names` object; `texts` has what was printed for the flags "", "-e" and "-s" that the program knows.

    Raises ProbeFailed when nothing that was printed has a table.
    """
    if not any(is_table(text) for text in texts.values()):
        printed = "\n".join(texts.values())
        last = next((line.strip() for line in reversed(printed.split("\n")) if line.strip()), "nothing at all")
        raise ProbeFailed(f"detnames printed no table for run {run}: {last}", printed)
    return {
        "experiment": experiment,
        "run": run,
        "detectors": detectors(texts.get("", "")),
        "epics": epics(texts.get("-e", "")),
        "scan": scan(texts.get("-s", "")),
        "others": [],
        "raw": [],
        "problems": [],
    }


def why(status: int, said: str) -> str:
    """Why the program failed, in a sentence: the last line of a traceback is what matters."""
    lines = [line.strip() for line in said.split("\n") if line.strip()]
    if status < 0 or status in (134, 137, 139):
        return died_of(status, said).replace("The probe", "detnames")
    return f"detnames ended with exit status {status}: {lines[-1] if lines else 'it printed nothing'}"


def ask_detnames(environment: Environment, experiment: str, run: int, directory: str, timeout: float) -> dict[str, Any]:
    """The `names` object, by running the program in its environment; `timeout` seconds for each of its three lists.

    Raises ProbeFailed when it prints neither detectors nor PVs; a list that it does not know is taken for empty,
    and one that it fails to print is a problem of the answer.
    """
    generation = 1 if environment.names == "detnames1" else 2
    texts: dict[str, str] = {}
    failed: list[ProbeFailed] = []
    problems: list[str] = []
    # LCLS-I finds the data by itself; a colon cannot be said in its argument
    where = directory if generation == 2 and not set(",=:") & set(directory) else ""
    for flag in ("", "-e", "-s"):
        words = ["detnames", *([flag] if flag else []), source(experiment, run, generation, where)]
        try:
            ended = run_to_end(environment, words, timeout)
        except OSError as error:
            raise ProbeFailed(f"detnames cannot be started: {error.filename}: {error.strerror}.") from error
        if ended.status is None:
            raise ProbeFailed(f"detnames did not answer within {timeout:g} s; it was killed.", ended.log)
        said = ended.said.decode(errors="replace")
        if ended.status == 0:
            texts[flag] = said
        else:
            failed.append(ProbeFailed(why(ended.status, ended.log or said), ended.log))
            if ended.status != USAGE:
                problems.append(f"{words[0]} {flag}".strip() + f" gave no list: {failed[-1]}")
    if "" not in texts and "-e" not in texts:
        raise failed[0]
    return {**answer(experiment, run, texts), "problems": problems}
