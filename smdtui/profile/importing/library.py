"""Functions and methods from outside the file that the reader carries out: those that only compute."""

import builtins
import copy
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from smdtui.profile.importing.bounds import LARGEST, wide
from smdtui.profile.importing.expressions import OF_RUN, Expressions
from smdtui.profile.importing.modules import MODULES, loaded, plain_type
from smdtui.profile.importing.run_number import RunNumber
from smdtui.profile.importing.values import (
    Known,
    LineDict,
    LineList,
    LoadedFile,
    Method,
    Module,
    Undecided,
    Unknown,
    words,
)

METHODS: dict[type, frozenset[str]] = {
    dict: frozenset(words("get keys values items update setdefault pop popitem copy clear")),
    list: frozenset(words("append extend insert pop remove index count copy sort reverse clear")),
    tuple: frozenset({"index", "count"}),
    str: frozenset(
        words(
            "format join split rsplit strip lstrip rstrip zfill lower upper title capitalize replace startswith "
            "endswith isdigit isnumeric isalpha find rfind index count ljust rjust center partition "
            "rpartition splitlines"
        )
    ),
    set: frozenset(words("add update union intersection difference discard remove issubset issuperset copy clear")),
    int: frozenset({"bit_length"}),
    float: frozenset({"is_integer"}),
    np.ndarray: frozenset(
        words("tolist astype reshape flatten ravel copy mean min max sum squeeze transpose any all item")
    ),
    np.generic: frozenset({"item", "tolist", "astype"}),
    PurePosixPath: frozenset({"joinpath", "with_suffix", "with_name", "as_posix", "with_stem"}),
}
_ATTRIBUTES: dict[type, frozenset[str]] = {
    np.ndarray: frozenset({"T", "shape", "size", "ndim"}),
    PurePosixPath: frozenset({"name", "stem", "suffix", "parent"}),
    slice: frozenset({"start", "stop", "step"}),
}
_WRITES = frozenset(words("update setdefault pop popitem clear append extend insert remove sort reverse add discard"))


def imported(module: str, name: str | None, line: int) -> Any:
    """What an import binds."""
    if name is None:
        return Module(module) if module in MODULES else Unknown(f"the module {module} is not read", line)
    if f"{module}.{name}" in MODULES:
        return Module(f"{module}.{name}")
    if module in MODULES:
        found = MODULES[module].get(name, Unknown(f"{module}.{name} is not known to the reader", line))
        return Unknown(found.reason, line) if isinstance(found, Unknown) else found
    return Unknown(f"{name} comes from the module {module}, which is not read", line)


def attribute(owner: Any, name: str, line: int) -> Any:
    if isinstance(owner, Unknown):
        return owner
    if isinstance(owner, Module):
        return imported(owner.name, name, line)
    if isinstance(owner, (RunNumber, LoadedFile)):
        return Method(owner, name)
    for kind, names in METHODS.items():
        if isinstance(owner, kind) and name in names:
            return Method(owner, name)
    for kind, names in _ATTRIBUTES.items():
        if isinstance(owner, kind) and name in names:
            return getattr(owner, name)
    if isinstance(owner, Exception):
        return Unknown("details of an error are not read", line)
    if name.startswith("_") or hasattr(owner, name):
        return Unknown(f"{type(owner).__name__}.{name} is not known to the reader", line)
    raise AttributeError(f"{type(owner).__name__!r} object has no attribute {name!r}")


def call_method(reader: Expressions, method: Method, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
    owner, name = method.owner, method.name
    if isinstance(owner, RunNumber):
        if owner.text and name in ("isdigit", "isnumeric", "isdecimal"):
            return True
        if owner.text and name in ("strip", "lstrip", "rstrip") and not arguments:
            return owner
        return Unknown(OF_RUN, line)
    if isinstance(owner, LoadedFile):
        return owner if name in ("astype", "copy", "squeeze") else Unknown(f"{owner.path} is computed with", line)
    if isinstance(owner, LineDict):
        return _dict_method(reader, owner, name, arguments, keywords, line)
    if isinstance(owner, LineList):
        return _list_method(reader, owner, name, arguments, keywords, line)
    unknown = reader.unknown_among([*arguments, *keywords.values()], line)
    if unknown:
        if name in _WRITES:
            raise Undecided(unknown.reason, unknown.line)
        return unknown
    arguments = [plain_type(value) for value in arguments]
    if isinstance(owner, str):
        _bounded_text(owner, name, arguments, line)
    result = getattr(owner, name)(*arguments, **keywords)
    return LineList(result, line) if isinstance(result, list) else result


def _bounded_text(owner: str, name: str, arguments: list[Any], line: int) -> None:
    filled = name in ("zfill", "ljust", "rjust", "center") and arguments and int(arguments[0]) > 9999
    replaced = name == "replace" and len(owner) * (len(str(arguments[1])) if len(arguments) > 1 else 0) > LARGEST
    if filled or replaced or (name == "format" and wide(owner)):
        raise Undecided("the text would be very long", line)


def _dict_method(reader: Expressions, owner: LineDict, name: str, given: list[Any], keywords: Any, line: int) -> Any:
    if name in ("get", "setdefault", "pop") and given:
        if isinstance(given[0], RunNumber):
            key = next((key for key in owner if given[0].compare("Eq", key, line)), None)
            if key is None and name != "get":
                raise Undecided(OF_RUN, line)
            return (given[1] if len(given) > 1 else keywords.get("default")) if key is None else owner[key]
        reader.hashable(given[0], line)
    if name == "setdefault":
        if given[0] not in owner:
            owner.put(given[0], given[1] if len(given) > 1 else None, line)
        return owner[given[0]]
    if name == "copy":
        made = LineDict(owner, owner.line)
        made.default = owner.default
        return made
    if name == "update":
        other = given[0] if given else {}
        if isinstance(other, Unknown):
            raise Undecided(other.reason, other.line)
        pairs = other.items() if isinstance(other, dict) else (reader.elements(p, line) for p in other)
        for key, value in pairs:
            owner.put(key, value, other.line_of(key) if isinstance(other, LineDict) else line)
        for key, value in keywords.items():
            owner.put(key, value, line)
        return None
    if name in ("keys", "values"):
        return LineList(getattr(owner, name)(), line)
    if name == "items":
        return LineList([tuple(pair) for pair in owner.items()], line)
    return getattr(owner, name)(*given, **keywords)


def _list_method(reader: Expressions, owner: LineList, name: str, given: list[Any], keywords: Any, line: int) -> Any:
    if len(owner) > LARGEST:
        raise Undecided(f"the list has more than {LARGEST} elements", line)
    if name == "append" and len(given) == 1:
        owner.put(given[0], line)
        return None
    if name == "extend" and len(given) == 1:
        for element in reader.elements(given[0], line):
            owner.put(element, line)
        return None
    if name == "copy":
        return LineList(owner, owner.line)
    if name == "sort":
        owner[:] = _sorted(reader, [owner], keywords, line)
        owner.lines = []
        return None
    if name in ("insert", "pop", "remove", "reverse", "clear"):
        unknown = reader.unknown_among(given[:1], line)
        if unknown:
            raise Undecided(unknown.reason, unknown.line)
        result = getattr(owner, name)(*given)
        owner.lines = []
        return result
    unknown = reader.unknown_among([*given, list(owner)], line)
    return unknown or getattr(owner, name)(*given)


# Built-in functions

Call = Callable[[Expressions, list[Any], dict[str, Any], int], Any]


def _plain(function: Callable[..., Any]) -> Call:
    """A function of known values only."""

    def call(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
        unknown = reader.unknown_among([*arguments, *keywords.values()], line)
        return unknown or function(*arguments, **keywords)

    return call


def _of_elements(make: Callable[..., Any]) -> Call:
    """A function of what an iterable gives; the elements may be unknown."""

    def call(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
        lists = [reader.elements(argument, line) for argument in arguments]
        return make(*lists, **keywords)

    return call


def _number(kind: type) -> Call:
    def call(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
        if len(arguments) == 1 and isinstance(arguments[0], RunNumber):
            run = arguments[0]
            return RunNumber(run.path, run.scale, run.offset)
        return _plain(kind)(reader, arguments, keywords, line)

    return call


def _text(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
    if arguments and isinstance(arguments[0], RunNumber):
        run = arguments[0]
        return RunNumber(run.path, run.scale, run.offset, text=True)
    if arguments and isinstance(arguments[0], LoadedFile):
        return Unknown(f"the content of the file {arguments[0].path} is not read", line)
    return _plain(str)(reader, arguments, keywords, line)


def _dict(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
    made = LineDict((), line)
    if arguments:
        _dict_method(reader, made, "update", arguments[:1], {}, line)
    _dict_method(reader, made, "update", [], keywords, line)
    return made


def _list(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
    if arguments and isinstance(arguments[0], LineList):
        return LineList(arguments[0], line)
    return LineList(reader.elements(arguments[0], line) if arguments else (), line)


def _range(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
    unknown = reader.unknown_among(arguments, line)
    return unknown or range(*arguments)


def _isinstance(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
    value, kinds = arguments
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    kinds = tuple(_TYPES.get(kind.name, kind) if isinstance(kind, Known) else kind for kind in kinds)
    unknown = reader.unknown_among([k for k in kinds if isinstance(k, Unknown)], line)
    if unknown or isinstance(value, Unknown):
        return unknown or value
    kinds = tuple(kind for kind in kinds if isinstance(kind, type))
    if isinstance(value, RunNumber):
        return (str if value.text else int) in kinds or object in kinds
    return isinstance(value, kinds)


def _type(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
    value = arguments[0]
    if isinstance(value, (Unknown, LoadedFile)):
        return Unknown("the type of what is not known", line)
    kind = (str if value.text else int) if isinstance(value, RunNumber) else type(value)
    plain: type = dict if kind is LineDict else list if kind is LineList else kind
    return BUILTINS.get(plain.__name__, plain)


def _length(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
    value = arguments[0]
    if isinstance(value, (Unknown, LoadedFile, RunNumber)):
        return reader.unknown_among([value], line)
    return len(value)


def _each(wanted: bool) -> Call:
    def call(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
        for element in reader.elements(arguments[0], line):
            if reader.truth(element, line) is wanted:
                return wanted
        return not wanted

    return call


def _map(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
    function, *lists = arguments
    rounds = zip(*(reader.elements(one, line) for one in lists), strict=False)
    return LineList([reader.call(function, list(one), {}, line) for one in rounds], line)


def _filter(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
    function, elements = arguments[0], reader.elements(arguments[1], line)
    return LineList(
        [e for e in elements if reader.truth(e if function is None else reader.call(function, [e], {}, line), line)],
        line,
    )


def _sorted(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
    elements = reader.elements(arguments[0], line)
    key = keywords.get("key")
    weights = [e if key is None else reader.call(key, [e], {}, line) for e in elements]
    unknown = reader.unknown_among([weights, keywords.get("reverse")], line)
    if unknown:
        raise Undecided(unknown.reason, unknown.line)
    order = sorted(range(len(elements)), key=weights.__getitem__, reverse=bool(keywords.get("reverse")))
    return LineList([elements[i] for i in order], line)


def _copy(deep: bool) -> Call:
    def call(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
        return (copy.deepcopy if deep else copy.copy)(arguments[0])

    return call


def _default_dict(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
    made = LineDict((), line)
    factory = arguments[0] if arguments else None
    if factory is not None:
        made.default = lambda: reader.call(factory, [], {}, line)
    return made


def _nothing(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
    return None


_TYPES: dict[str, type] = {
    kind.__name__: kind for kind in (bool, int, float, str, dict, list, tuple, set, frozenset, slice, range)
}
_CALLS: dict[str, Call] = {
    "abs": _plain(abs),
    "all": _each(False),
    "any": _each(True),
    "bool": lambda reader, given, keywords, line: reader.truth(given[0], line) if given else False,
    "dict": _dict,
    "divmod": _plain(divmod),
    "enumerate": lambda reader, given, keywords, line: LineList(
        [(i, e) for i, e in enumerate(reader.elements(given[0], line), *given[1:], **keywords)], line
    ),
    "filter": _filter,
    "float": _number(float),
    "frozenset": _of_elements(lambda *lists: frozenset(*lists)),
    "int": _number(int),
    "isinstance": _isinstance,
    "len": _length,
    "list": _list,
    "map": _map,
    "max": _plain(max),
    "min": _plain(min),
    "print": _nothing,
    "range": _range,
    "repr": _plain(repr),
    "reversed": _of_elements(lambda elements: LineList(reversed(elements))),
    "round": _plain(round),
    "set": _of_elements(lambda *lists: set(*lists)),
    "slice": _plain(slice),
    "sorted": _sorted,
    "str": _text,
    "sum": _plain(sum),
    "tuple": _of_elements(lambda *lists: tuple(*lists)),
    "type": _type,
    "zip": _of_elements(lambda *lists: LineList(zip(*lists, strict=False))),
}
BUILTINS: dict[str, Any] = {name: Known(name, call) for name, call in _CALLS.items()}
BUILTINS.update(
    {n: e for n, e in vars(builtins).items() if isinstance(e, type) and issubclass(e, BaseException)},
    object=object,
    __name__="prod_config",
)
BUILTINS.update(
    (name, Unknown(f"the built-in {name} is not carried out by the reader", 0))
    for name in ("open", "eval", "exec", "input", "globals", "locals", "vars", "dir", "getattr", "setattr", "hasattr")
)
BUILTINS.update((name, BUILTINS["open"]) for name in ("__import__", "__file__", "iter", "next", "id", "hash", "super"))

MODULES["copy"] = {"copy": Known("copy.copy", _copy(False)), "deepcopy": Known("copy.deepcopy", _copy(True))}
MODULES["collections"] = {
    "OrderedDict": Known("dict", _dict),
    "defaultdict": Known("dict", _default_dict),
}
MODULES["numpy"].update(load=loaded, loadtxt=loaded, genfromtxt=loaded)
