"""Names of modules that configurations import, as far as they only compute."""

import math
import posixpath
from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from smdtui.profile.importing.bounds import LARGEST
from smdtui.profile.importing.expressions import Expressions
from smdtui.profile.importing.values import Known, LineList, LoadedFile, Undecided, Unknown, words

# Of the machine, not of the file: with another machine another answer.
_MACHINE = "it asks the machine on which it runs"


def _plain(name: str, function: Callable[..., Any]) -> Known:
    def call(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
        unknown = reader.unknown_among([*arguments, *keywords.values()], line)
        return unknown or function(*arguments, **keywords)

    return Known(name, call)


def _sized(name: str, size: Callable[..., float]) -> Known:
    """A function of numpy that makes an array of `size(*arguments)` elements."""
    function = getattr(np, name)

    def call(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
        keywords = {key: plain_type(value) for key, value in keywords.items()}
        arguments = [plain_type(value) for value in arguments]
        unknown = reader.unknown_among([*arguments, *keywords.values()], line)
        if unknown:
            return unknown
        if size(*arguments, **keywords) > LARGEST:
            raise Undecided("the array would be very large", line)
        return function(*arguments, **keywords)

    return Known(f"numpy.{name}", call)


_DTYPES: dict[str, type] = {"bool": bool, "int": int, "float": float}


def plain_type(value: Any) -> Any:
    """The type itself where one is handed over, as in ``astype(int)``."""
    return _DTYPES.get(value.name, value) if isinstance(value, Known) else value


def _shape(shape: Any = (), *_: Any, **__: Any) -> float:
    return float(np.prod(np.atleast_1d(shape), dtype=float))


def _steps(*arguments: Any, start: Any = 0, stop: Any = None, step: Any = 1, **_: Any) -> float:
    bounds = [*arguments[:3]] or [start, stop, step]
    first, last = (0, bounds[0]) if len(bounds) == 1 else bounds[:2]
    return float(abs((last - first) / (bounds[2] if len(bounds) > 2 else step)))


def _points(start: Any, stop: Any, num: Any = 50, *_: Any, **__: Any) -> float:
    return float(num)


def _given(value: Any = (), *_: Any, **__: Any) -> float:
    return float(np.size(value))


def _load(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
    path = arguments[0] if arguments else keywords.get("file") or keywords.get("fname")
    if isinstance(path, (str, PurePosixPath)):
        return LoadedFile(str(path), line)
    return path if isinstance(path, Unknown) else Unknown("it loads a file whose name is not known", line)


loaded = Known("numpy.load", _load)

_SIZES: dict[str, Callable[..., float]] = {
    **dict.fromkeys(("zeros", "ones", "empty", "full"), _shape),
    **dict.fromkeys(("arange",), _steps),
    **dict.fromkeys(("linspace", "logspace", "geomspace"), _points),
    **dict.fromkeys(
        words(
            "array asarray atleast_1d ravel sqrt sin cos tan arcsin arccos arctan deg2rad rad2deg radians degrees abs "
            "absolute round exp log log10 sum mean min max median sort unique concatenate append diff cumsum floor "
            "ceil isnan"
        ),
        _given,
    ),
}


def _scalar(name: str) -> Known:
    """numpy's scalar types, which are called or handed over as dtype."""
    kind = getattr(np, name)
    _DTYPES[f"numpy.{name}"] = kind
    return _plain(f"numpy.{name}", kind)


def _path(*parts: Any) -> PurePosixPath:
    return PurePosixPath(*parts)


def _machine(name: str) -> Unknown:
    return Unknown(f"{name}: {_MACHINE}", 0)


MODULES: dict[str, dict[str, Any]] = {
    "numpy": {
        **{name: _sized(name, size) for name, size in _SIZES.items()},
        **{name: getattr(np, name) for name in ("pi", "e", "inf", "nan", "newaxis")},
        **{n: _scalar(n) for n in words("int16 int32 int64 float32 float64 bool_ uint8 uint16 uint32")},
    },
    "math": {
        name: _plain(f"math.{name}", getattr(math, name)) if callable(getattr(math, name)) else getattr(math, name)
        for name in words(
            "pi e inf nan tau sqrt sin cos tan asin acos atan atan2 radians degrees floor ceil exp log log10 hypot "
            "fabs isnan isinf isclose"
        )
    },
    "os.path": {
        name: _plain(f"os.path.{name}", getattr(posixpath, name))
        for name in ("join", "basename", "dirname", "normpath", "splitext", "split")
    },
    "os": {},
    "pathlib": {"Path": _plain("Path", _path), "PurePath": _plain("Path", _path)},
    "itertools": {},
    "logging": {},
}
MODULES["os.path"].update(
    (name, _machine(f"os.path.{name}")) for name in ("exists", "isfile", "isdir", "expanduser", "abspath", "realpath")
)
MODULES["os"].update(
    (name, _machine(f"os.{name}")) for name in ("environ", "getenv", "getcwd", "listdir", "getuid", "getlogin")
)


def _product(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
    import itertools

    lists = [reader.elements(argument, line) for argument in arguments]
    if math.prod(len(one) for one in lists) > LARGEST:
        raise Undecided("the product would be very large", line)
    return LineList(itertools.product(*lists), line)


def _chain(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
    return LineList([element for one in arguments for element in reader.elements(one, line)], line)


MODULES["itertools"].update(product=Known("itertools.product", _product), chain=Known("itertools.chain", _chain))


def _silent(reader: Expressions, arguments: list[Any], keywords: dict[str, Any], line: int) -> Any:
    return None


MODULES["logging"].update((name, Known(f"logging.{name}", _silent)) for name in words("debug info warning error"))
