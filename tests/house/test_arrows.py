"""The walls of the house: who may import whom, and which Python the producer may be written in."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCER = sorted((ROOT / "producer").rglob("*.py"))
APP = sorted((ROOT / "smdtui").rglob("*.py"))
SCREEN_ROOMS = ("app", "screens", "widgets")
ALLOWED = {"tomli", "numpy", "scipy", "h5py", "mpi4py", "psana", "producer"} | set(sys.stdlib_module_names)

# What a single function asks for, and does without in words; imported when it is wanted.
WANTED = {"azav_pyfai.py": {"pyFAI"}, "compression.py": {"zfpy"}}


def imported(path: Path) -> set[str]:
    """The top-level names of the packages that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add((node.module or "").split(".")[0])
    return names


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def plain_modules() -> list[str]:
    return [module(p) for p in APP if p.relative_to(ROOT / "smdtui").with_suffix("").parts[0] not in SCREEN_ROOMS]


@pytest.mark.parametrize("path", PRODUCER, ids=module)
def test_producer_is_python_39_and_imports_only_what_its_environment_has(path):
    ast.parse(path.read_text(), feature_version=(3, 9))
    foreign = imported(path) - ALLOWED - WANTED.get(path.name, set())
    assert not foreign, f"{path.name} imports {foreign}"


@pytest.mark.parametrize("path", APP, ids=module)
def test_the_app_imports_neither_psana_nor_mpi(path):
    assert not imported(path) & {"psana", "mpi4py"}


@pytest.mark.parametrize("path", PRODUCER, ids=module)
def test_the_producer_says_which_psana_modules_it_needs_only_when_asked(path):
    """psana and MPI are imported inside functions, so that the app can read the pure parts."""
    top = {n for node in ast.parse(path.read_text()).body for n in _names(node)}
    assert not top & {"psana", "mpi4py", "scipy"} and not top & WANTED.get(path.name, set())


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {(node.module or "").split(".")[0]}
    return set()


def test_plain_modules_import_without_textual_psana_or_mpi():
    code = (
        "import importlib, sys\n"
        f"for name in {plain_modules()!r}:\n"
        "    importlib.import_module(name)\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'textual', 'rich', 'psana', 'mpi4py'}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", PRODUCER + APP, ids=module)
def test_no_file_grows_into_two_rooms(path):
    lines = path.read_text().count("\n")
    assert lines <= 400, f"{path.relative_to(ROOT)} has {lines} lines: two ideas in one file?"
