"""A reading of a configuration completed by its execution."""

from dataclasses import replace

from smdtui.profile.importing.items import Items
from smdtui.profile.importing.reading import FunctionReading, Reading
from smdtui.profile.importing.run_number import RunNumber
from smdtui.profile.importing.values import LoadedFile, unknown_within


def combine(read: Reading, executed: Reading) -> Reading:
    """What could be read, since that is exact and knows its lines; the rest as executed."""
    decided = {name for name, f in read.functions.items() if _decided(f)}
    open_names = {n for n, f in executed.functions.items() if n not in decided and f.cases}
    functions = {**read.functions, **{name: executed.functions[name] for name in open_names}}
    known = {name for name, s in read.settings.items() if not _unknown(s.value)}
    open_settings = executed.settings.keys() - known
    settings = {**read.settings, **{name: executed.settings[name] for name in open_settings}}
    replaced = open_names | open_settings
    items = Items()
    for item in read.items:
        if not (item.path and item.path[0] in replaced):
            items.add(item)
    for item in executed.items:
        if not item.path or item.path[0] in replaced:
            items.add(item)
    how = f"read, and for {', '.join(sorted(replaced))} {executed.how}" if replaced else read.how
    return replace(read, how=how, settings=settings, functions=functions, items=items.sorted())


def _decided(function: FunctionReading) -> bool:
    return all(not (c.failure and c.failure.undecided) and not _unknown(c.value) for c in function.cases)


def _unknown(value: object) -> bool:
    return bool(unknown_within(value)) or _made_of_run(value)


def _made_of_run(value: object) -> bool:
    if isinstance(value, dict):
        return any(_made_of_run(one) for one in value.values())
    if isinstance(value, (list, tuple)):
        return any(_made_of_run(one) for one in value)
    return isinstance(value, RunNumber) or (isinstance(value, LoadedFile) and bool(value.changed))
