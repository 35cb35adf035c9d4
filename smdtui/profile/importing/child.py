"""Executes a configuration and prints what its functions return, as JSON. Run by `execute` in a process of its own, as
``python -I child.py CONFIG SECONDS``; imports nothing of this project.

What the file could do by accident or on purpose is held off: no network, no programs, no writing; a limit on memory.
Modules that are not installed are replaced by stand-ins.
"""

import builtins
import ctypes
import json
import os
import resource
import sys
import time
import types

_MEMORY = 4 << 30
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.spawn", "os.posix_spawn", "os.system", "os.remove",
              "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.link", "os.symlink", "os.truncate",
              "shutil.", "pty.", "ctypes.", "os.kill", "ftplib.", "smtplib.", "urllib.")  # fmt: skip
_LARGEST = 20_000  # elements of an array that is printed
_OPERATORS = ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "floordiv", "mod", "pow", "rpow",
              "neg", "abs", "getitem", "lt", "le", "gt", "ge")  # fmt: skip
_NEVER = ("psana", "mpi4py")  # they would start what a file of parameters has no use for
_missing: list = []


def confine():
    """Returns in words how the network is kept away."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    alone = ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0

    def refuse(event, arguments):
        if event == "open":
            mode, flags = arguments[1], arguments[2]
            writes = isinstance(mode, str) and any(c in mode for c in "wax+")
            if writes or (isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)):
                raise PermissionError(f"an imported configuration may not write files ({arguments[0]})")
        elif event.startswith(_FORBIDDEN):
            raise PermissionError(f"an imported configuration may not do this ({event})")

    sys.addaudithook(refuse)
    return "its own empty network" if alone else "sockets refused by Python only"


class StandIn(types.ModuleType):
    """Stands for a module that is not installed, and for all that is in it."""

    def __init__(self, name):
        super().__init__(name)
        self.__path__ = []

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return StandIn(f"{self.__name__}.{name}")

    def __call__(self, *arguments, **keywords):
        return StandIn(f"{self.__name__}()")


def _refuse(value, *arguments):
    raise RuntimeError(f"it depends on {value.__name__}, which is not here")


def _unknown(value, *arguments):
    return StandIn(value.__name__)


for _name in [
    "add",
    "radd",
    "sub",
    "rsub",
    "mul",
    "rmul",
    "truediv",
    "rtruediv",
    "floordiv",
    "mod",
    "pow",
    "rpow",
    "neg",
    "getitem",
    "lt",
    "le",
    "gt",
    "ge",
    "abs",
]:
    setattr(StandIn, f"__{_name}__", _unknown)
for _name in ("bool", "iter", "len", "float", "int", "index", "contains"):
    setattr(StandIn, f"__{_name}__", _refuse)


class Absent(StandIn):
    """The array in a file that is not on this machine."""

    def astype(self, *arguments, **keywords):
        return self

    copy = squeeze = astype


def importing(name, globals=None, locals=None, fromlist=(), level=0):
    """What an import in the file gives: where the module is not there, or fails, a stand-in."""
    if name.split(".")[0] not in _NEVER:
        try:
            return __import__(name, globals, locals, fromlist, level)
        except Exception as error:
            words = "" if isinstance(error, ImportError) else f" ({type(error).__name__})"
    else:
        words = " (not wanted here)"
    _missing.append(name + words)
    return StandIn(name if fromlist else name.split(".")[0])


def remember_loading() -> None:
    """numpy's functions that read files note which array came from which."""
    try:
        import numpy
    except ImportError:
        return

    def noting(function):
        def call(file, *arguments, **keywords):
            named = isinstance(file, (str, os.PathLike))
            if named and not os.path.exists(file):
                return Absent(os.fspath(file))
            found = function(file, *arguments, **keywords)
            if named and isinstance(found, numpy.ndarray):
                return found.view(Loaded).of(os.fspath(file))
            return found

        return call

    class Loaded(numpy.ndarray):
        """An array as it is in a file; what is computed from it is an array like others."""

        path = ""

        def of(self, path):
            self.path = path
            return self

        def astype(self, *arguments, **keywords):
            return super().astype(*arguments, **keywords).view(Loaded).of(self.path)

        def copy(self, *arguments, **keywords):
            return super().copy(*arguments, **keywords).view(Loaded).of(self.path)

        def squeeze(self, *arguments, **keywords):
            return super().squeeze(*arguments, **keywords).view(Loaded).of(self.path)

        def __setitem__(self, index, value):
            self.path = ""
            super().__setitem__(index, value)

    for name in ("load", "loadtxt", "genfromtxt"):
        setattr(numpy, name, noting(getattr(numpy, name)))


def encode(value):
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value if value.bit_length() < 64 else {"$unknown": "a very large number"}
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else {"$float": repr(value)}
    if isinstance(value, dict):
        return {"$dict": [[encode(key), encode(one)] for key, one in value.items()]}
    if isinstance(value, list):
        return [encode(one) for one in value]
    if isinstance(value, tuple):
        return {"$tuple": [encode(one) for one in value]}
    if isinstance(value, slice):
        return {"$slice": [encode(value.start), encode(value.stop), encode(value.step)]}
    if isinstance(value, Absent):
        return {"$file": value.__name__}
    if isinstance(value, StandIn):
        return {"$unknown": f"{value.__name__} comes from a module that is not installed here"}
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "tolist") and hasattr(value, "shape"):
        if getattr(value, "path", ""):
            return {"$file": value.path}
        if value.size > _LARGEST or value.dtype.hasobject:
            return {"$unknown": f"an array of {value.size} elements, computed by the file"}
        return encode(value.item()) if value.shape == () else {"$array": encode(value.tolist())}
    return {"$unknown": f"a {type(value).__name__}"}


def answer(function, run):
    try:
        return encode(function(run))
    except Exception as error:
        return raised(error)


def raised(error):
    """The error, and the last line of the file that led to it."""
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == sys.argv[1]:
            line = trace.tb_lineno
        trace = trace.tb_next
    return {"$raised": f"{type(error).__name__}: {error}", "$line": line}


def main():
    path, deadline = sys.argv[1], time.monotonic() + float(sys.argv[2])
    names = json.loads(sys.stdin.read())
    with open(path, encoding="utf-8") as file:
        text = file.read()
    out = sys.stdout
    sys.stdout = sys.stderr  # what the file prints
    network = confine()
    remember_loading()
    code = compile(names["part"] or text, path, "exec")

    own_builtins = {**vars(builtins), "__import__": importing}

    def module():
        space = {"__name__": "prod_config", "__file__": path, "__builtins__": own_builtins}
        exec(code, space)
        return space

    report = {"network": network, "functions": {}, "settings": {}, "complete": True}
    try:
        space = module()
    except BaseException as error:  # SystemExit too: the file is what is judged here
        report["error"] = raised(error)
        print(json.dumps(report), file=out)
        return
    report["settings"] = {name: encode(space[name]) for name in names["settings"] if name in space}
    found = [name for name in names["functions"] if callable(space.get(name))]
    results: dict = {name: {} for name in found}
    for run in names["runs"]:
        if time.monotonic() > deadline:
            report["complete"] = False
            break
        space = module()  # anew, since functions may change what is at module level
        for name in found:
            result = answer(space[name], str(run)) if name in names["text"] else None
            if result is None or (isinstance(result, dict) and "$raised" in result):  # text does not do: a number
                result = answer(module()[name] if result else space[name], run)
            results[name][run] = result
    for name in found:
        spans: list = []
        before = None
        for run in sorted(results[name]):
            result = json.dumps(results[name][run])
            if not spans or result != before:
                spans.append([run, results[name][run]])
            before = result
        report["functions"][name] = spans
    report["missing"] = sorted(set(_missing))
    print(json.dumps(report), file=out)


if __name__ == "__main__":
    main()
