"""Analysis functions of other installed packages: entry points of the group ``smdtui.functions``.

    [project.entry-points."smdtui.functions"]
    brightness = "my_beamline.brightness"

The key is the function's name, the value a module as `producer.analysis` describes it. A package that cannot be used
does no harm to a profile that does not name its function, and is said in words to one that does.
"""

from dataclasses import dataclass, is_dataclass
from importlib.metadata import Distribution, EntryPoint, distributions
from types import ModuleType
from typing import Any, Collection, Dict, Iterator, Tuple

from producer.parameters import describe

GROUP = "smdtui.functions"


@dataclass(frozen=True)
class Plugin:
    """A function of another package; `broken`: why it cannot be used, in words, or ""."""

    function: str
    package: str
    version: str
    module: Any = None
    broken: str = ""


def plugins(taken: Collection[str]) -> Dict[str, Plugin]:
    """By the name of the function. `taken`: names that no package can have."""
    found: Dict[str, Plugin] = {}
    for entry, package, version in sorted(_entries(), key=lambda e: (e[0].name, e[1])):
        if entry.name in found:
            words = f"{found[entry.name].package} and {package} both have a function {entry.name!r}: uninstall one"
            found[entry.name] = Plugin(entry.name, package, version, broken=words)
            continue
        about = f"the function {entry.name!r} of the package {package} {version} cannot be used: "
        module: Any = None
        try:
            if entry.name in taken:
                raise _Unfit("there is one of that name here already")
            module = entry.load()
            _look_at(module, entry.name)
        except _Unfit as unfit:
            found[entry.name] = Plugin(entry.name, package, version, broken=f"{about}{unfit}")
        except (Exception, SystemExit) as error:  # whatever somebody else's module does when it is imported
            words = f"{about}importing {entry.value} fails with {type(error).__name__}: {error}"
            found[entry.name] = Plugin(entry.name, package, version, broken=words)
        else:
            found[entry.name] = Plugin(entry.name, package, version, module)
    return found


class _Unfit(Exception):
    """The message ends a sentence."""


def _entries() -> Iterator[Tuple[EntryPoint, str, str]]:
    """(entry point, package, version), of packages that are on the path twice the one that would be imported."""
    seen = set()
    for distribution in distributions():
        text = distribution.read_text("entry_points.txt")
        if not text or GROUP not in text:
            continue
        name = _name(distribution)
        if name not in seen:
            seen.add(name)
            for entry in distribution.entry_points:
                if entry.group == GROUP:
                    yield entry, name, distribution.version


def _name(distribution: Distribution) -> str:
    return str(distribution.metadata["Name"])


def _look_at(module: Any, name: str) -> None:
    """Raise `_Unfit` unless `module` has what `producer.analysis` asks of one."""
    if not isinstance(module, ModuleType):
        raise _Unfit("its entry point must name a module")
    if getattr(module, "NAME", None) != name:
        raise _Unfit(f"NAME must be {name!r} as in its entry point, not {getattr(module, 'NAME', None)!r}")
    if not isinstance(getattr(module, "MANY", None), bool):
        raise _Unfit("MANY must be True or False")
    parameters = getattr(module, "Parameters", None)
    if not isinstance(parameters, type) or not is_dataclass(parameters):
        raise _Unfit("Parameters must be a dataclass")
    if not parameters.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        raise _Unfit("Parameters must be frozen: @dataclass(frozen=True)")
    fields = {field.name: field for field in describe(parameters)}
    if module.MANY and (fields.get("name") is None or fields["name"].type is not str):
        raise _Unfit("Parameters must have a field name of type str, as MANY is True")
    prepares = hasattr(module, "PREPARES") and callable(getattr(module, "prepare", None))
    if not (isinstance(getattr(module, "Computation", None), type) or prepares):
        raise _Unfit("there is no class Computation")
    if not callable(getattr(module, "promises", None)):
        raise _Unfit("there is no function promises(parameters, owner)")
