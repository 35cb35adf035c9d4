"""`smdtui names`: what a run holds, and what is different from another run."""

import sys
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from smdtui.catalog.names import ask_names
from smdtui.catalog.pv_values import PvValues, value_text
from smdtui.commands import CommandError, print_json, table_text
from smdtui.commands.browse import Place, place

KINDS = ("detectors", "epics", "scan")
NO_CLASS = "(psana has no class for it)"


def names(arguments: Namespace) -> int:
    where = place(arguments)
    if arguments.compare is not None:
        return _compare(where, arguments.compare, arguments.run, arguments.json)
    table = ask_names(where.site, where.experiment, arguments.run, values=arguments.values)
    values = _statistics(where, arguments.run) if arguments.changed or arguments.statistics else None
    if values is not None:
        table = {**table, "epics": [_with_values(e, values) for e in table["epics"]]}
    if arguments.changed:
        table = {**table, "epics": [e for e in table["epics"] if e.get("distinct", 0) > 1]}
    only = {"epics": arguments.epics or arguments.changed, "scan": arguments.scan, "raw": arguments.raw,
            "ids": arguments.ids}  # fmt: skip
    wanted = [kind for kind, asked in only.items() if asked] or list(KINDS)
    if arguments.json:
        if arguments.ids:
            table = {**table, "ids": [list(row) for row in _ids(table["detectors"])]}
        left_out = {*KINDS, "raw"} - set(wanted) if any(only.values()) else set()
        print_json({key: value for key, value in table.items() if key not in left_out})
        return 0
    print("\n\n".join(_part(kind, table, arguments.values or values is not None) for kind in wanted))
    for problem in table["problems"]:
        print(f"run {arguments.run}: {problem}", file=sys.stderr)
    return 0


def _part(kind: str, table: Mapping[str, Any], values: bool) -> str:
    if kind == "detectors":
        return _detectors([*table["detectors"], *table["others"]])
    if kind == "epics":
        return _epics(table["epics"], values)
    if kind == "scan":
        return table_text(["scan variable", "data type"], [[s["name"], s.get("data_type", "")] for s in table["scan"]])
    if kind == "raw":
        return table_text(["name", "type", "data type", "version"], [list(row) for row in table["raw"]])
    return table_text(["name", "data type", "segments", "unique id"], [list(row) for row in _ids(table["detectors"])])


def _ids(detectors: list[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    """As `detnames -i`: name, data type, segments, the name under which constants are kept."""
    return [
        (d["name"], kind, ",".join(map(str, d.get("segments", ()))), d.get("unique_id", ""))
        for d in detectors
        for kind in d["data_types"]
    ]


def _statistics(where: Place, run: int) -> PvValues:
    from smdtui.catalog.names import remembered, words
    from smdtui.catalog.probe_process import ProbeProcess

    environment = where.site.environment_for(where.experiment.name)
    if environment.names != "probe":
        raise CommandError("values are read from xtc2 files only; the names of this hutch come from detnames")
    probe = ProbeProcess(environment)
    try:
        return PvValues.of(
            remembered(
                where.experiment, run, "statistics", lambda: probe.ask("statistics", **words(where.experiment, run))
            )
        )
    finally:
        probe.close()


def _with_values(entry: dict[str, Any], values: PvValues) -> dict[str, Any]:
    line = values.line(entry["alias"], entry["pv"])
    if line is None:
        return entry
    return {
        **entry,
        "first": line.first,
        "last": line.last,
        "minimum": line.minimum,
        "maximum": line.maximum,
        "distinct": line.distinct,
        "updates": line.updates,
        "stale": line.stale,
        "unit": line.unit,
    }


def _compare(where: Place, before: int, after: int, as_json: bool) -> int:
    from smdtui.catalog.name_index import compare_rows, rows_of

    old, new = (rows_of(ask_names(where.site, where.experiment, run)) for run in (before, after))
    found = compare_rows(before, old, after, new)
    if as_json:
        print_json({"experiment": where.experiment.name, **found.as_json()})
        return 0
    rows = [["appeared", kind, name, pv or type_] for kind, name, pv, type_ in found.appeared]
    rows += [["vanished", kind, name, pv or type_] for kind, name, pv, type_ in found.vanished]
    rows += [["changed", "", name, f"{was} -> {now}"] for name, was, now in found.changed]
    print(table_text([f"run {before} to {after}", "kind", "name", "PV or type"], rows) if rows else
          f"runs {before} and {after} have the same names")  # fmt: skip
    return 0


def _detectors(detectors: list[dict[str, Any]]) -> str:
    rows = [
        [d["name"], d["type"], ", ".join(d["data_types"]) or NO_CLASS, _shape(d.get("shape")), d.get("dtype") or ""]
        for d in detectors
    ]
    return table_text(["detector", "type", "data types", "shape", "dtype"], rows)


def _shape(shape: list[int] | None) -> str:
    return "x".join(map(str, shape)) if shape else ""


def _epics(epics: list[dict[str, Any]], values: bool) -> str:
    header = ["alias", "PV"] + (["first", "last"] if values else [])
    ranges = values and any("distinct" in e for e in epics)
    header += ["minimum", "maximum", "different"] if ranges else []
    rows = []
    for e in epics:
        row = [e["alias"], e["pv"]]
        if values:
            row += [_value(e.get("first")), _value(e.get("last"))]
        if ranges:
            row += [_value(e.get("minimum")), _value(e.get("maximum")), str(e.get("distinct", ""))]
        rows.append(row)
    return table_text(header, rows)


def _value(value: Any) -> str:
    return "" if value is None else value_text(value)
