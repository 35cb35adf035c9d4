"""A profile while it is being edited: a text with undo, changed losslessly, checked at any time, saved safely."""

import os
from collections import deque
from collections.abc import Iterable, Sequence
from pathlib import Path as FilePath
from typing import Any

from producer.layers import read_text
from producer.parameters import as_toml
from producer.plan import Profile
from producer.problem import Problem
from producer.report import Path, dotted
from producer.run_ranges import RangeError, RunRange
from producer.toml_text import dumps
from smdtui.profile import edit
from smdtui.profile.checked import checked
from smdtui.profile.edit import EditFailed
from smdtui.profile.save import ChangedOnDisk, SaveFailed, Version, save, versions

__all__ = ["ChangedOnDisk", "EditFailed", "ProfileDocument", "SaveFailed"]

KEEP: Any = object()  # leave as it is, where None has a meaning of its own
STEPS = 200  # of undo


class ProfileDocument:
    """`text` is the buffer. Each change that succeeds is one step of undo; one that raises changes nothing."""

    def __init__(self, path: FilePath, text: str, seen: bytes | None) -> None:
        self.path = path
        self._text = text
        self._seen = seen  # what the file held when we last read or wrote it
        self._undo: deque[str] = deque(maxlen=STEPS)
        self._redo: list[str] = []

    @classmethod
    def open(cls, path: str | FilePath) -> "ProfileDocument":
        """Raises OSError, and ValueError in words for what is no text file. A text with errors can be opened."""
        path = FilePath(path)
        text = read_text(path)
        return cls(path, text, text.encode("utf-8"))

    @classmethod
    def new(cls, path: str | FilePath, hutch: str, title: str, base: str = "") -> "ProfileDocument":
        """A profile that is not on disk before it is saved. `base`: as it is to stand in the file."""
        table = {"format": 1, "hutch": hutch, "title": title, "base": base}
        return cls(FilePath(path), dumps({name: value for name, value in table.items() if value}), None)

    # ---- the buffer -------------------------------------------------------------------------------------------------

    @property
    def text(self) -> str:
        return self._text

    @text.setter
    def text(self, text: str) -> None:
        if text != self._text:
            self._undo.append(self._text)
            self._redo.clear()
            self._text = text

    @property
    def unsaved(self) -> bool:
        return self._text.encode("utf-8") != self._seen

    @property
    def can_undo(self) -> bool:
        return bool(self._undo)

    @property
    def can_redo(self) -> bool:
        return bool(self._redo)

    def undo(self) -> bool:
        """False when there is nothing to undo."""
        if not self._undo:
            return False
        self._redo.append(self._text)
        self._text = self._undo.pop()
        return True

    def redo(self) -> bool:
        if not self._redo:
            return False
        self._undo.append(self._text)
        self._text = self._redo.pop()
        return True

    def check(self) -> tuple[Profile | None, list[Problem]]:
        """The profile as far as it can be read, and everything wrong with it: not to be changed."""
        return checked(self.path, self._text)

    def profile(self) -> Profile | None:
        return self.check()[0]

    def problems(self) -> list[Problem]:
        return self.check()[1]

    def value(self, path: Path) -> Any:
        """The value that this file has at `path`, as TOML gives it; None where it has none."""
        return edit.value_at(edit.table_of(self._text), path)

    # ---- any value --------------------------------------------------------------------------------------------------

    def set_value(self, path: Path, value: Any) -> None:
        self.text = edit.set_value(self._text, path, value)

    def remove(self, path: Path) -> None:
        self.text = edit.remove(self._text, path)

    # ---- EPICS PVs --------------------------------------------------------------------------------------------------

    def add_pv(self, pv: str, alias: str = "", per_event: bool = True) -> bool:
        """False when it is there already. Raises EditFailed when another PV has its name."""
        return self.add_pvs([(pv, alias)], per_event) == 1

    def add_pvs(self, pvs: Iterable[tuple[str, str]], per_event: bool = True) -> int:
        """Add (pv, alias) each, in one step of undo, and return how many were not there. The first PV of a file whose
        base has a list takes that list along, for a list in the file replaces the one in the base."""
        key: Path = ("epics", "per_event" if per_event else "once")
        text, added = self._with_base_list(key), 0
        for pv, alias in pvs:
            alias = "" if alias == pv else alias
            there = [_pv(entry) for entry in edit.value_at(edit.table_of(text), key) or []]
            if (pv, alias) in there:
                continue
            same = next((other for other in there if (other[1] or other[0]) == (alias or pv)), None)
            if same:
                raise EditFailed(f"{dotted(key)} has {same[0]} under the name {alias or pv!r}; give it another alias")
            tables = edit.value_at(edit.table_of(text), key) and key not in edit.scan(text).values
            entry = {"pv": pv, **({"alias": alias} if alias else {})} if alias or tables else pv
            text = edit.append(text, key, entry)
            added += 1
        if added:
            self.text = text
        return added

    def remove_pv(self, name: str, per_event: bool | None = None) -> None:
        """Remove the PV of that name or alias, from one of the lists or from both (None). Raises EditFailed."""
        lists = ["per_event", "once"] if per_event is None else ["per_event" if per_event else "once"]
        text, found = self._text, False
        for which in lists:
            key: Path = ("epics", which)
            at = _index_of(self._inherited_or_own(key), name)
            if at is not None:
                text, found = edit.remove(self._with_base_list(key, text), (*key, at)), True
        if not found:
            raise EditFailed(f"no PV {name!r} in the profile")
        self.text = text

    def rename_pv(self, name: str, alias: str) -> None:
        """Give the PV of that name or alias another alias ("": none)."""
        text, found = self._text, False
        for which in ("per_event", "once"):
            key: Path = ("epics", which)
            entries = self._inherited_or_own(key)
            at = _index_of(entries, name)
            if at is not None:
                pv = _pv(entries[at])[0]
                text = self._with_base_list(key, text)
                if key in edit.scan(text).values:
                    text = edit.set_value(text, (*key, at), {"pv": pv, "alias": alias} if alias else pv)
                elif alias:
                    text = edit.set_value(text, (*key, at, "alias"), alias)
                else:
                    text = edit.remove(text, (*key, at, "alias"))
                found = True
        if not found:
            raise EditFailed(f"no PV {name!r} in the profile")
        self.text = text

    def _with_base_list(self, key: Path, text: str | None = None) -> str:
        """The buffer, with the base's list written into it where it has none of its own."""
        text = self._text if text is None else text
        entries = self._inherited_or_own(key)
        return edit.set_value(text, key, entries) if entries and self.value(key) is None else text

    def _inherited_or_own(self, key: Path) -> list[Any]:
        own = self.value(key)
        if own is not None:
            return list(own)
        profile = self.profile()
        if profile is None:
            return []
        inherited: list[Any] = as_toml(getattr(profile.settings[str(key[0])].value, str(key[1])))
        return inherited

    # ---- run-dependent sections -------------------------------------------------------------------------------------

    def range_key(self, range_text: str) -> str:
        """The key under ``runs`` that holds these runs, however it is written there; else `range_text`."""
        try:
            wanted = RunRange.parse(range_text)
        except RangeError as error:
            raise EditFailed(str(error)) from None
        for text in self.value(("runs",)) or {}:
            try:
                if RunRange.parse(text) == wanted:
                    return str(text)
            except RangeError:
                continue  # is a problem of its own, see problems()
        return range_text

    def set_roi(
        self, range: str, detector: str, name: str, region: Sequence[Sequence[int]] | None = KEEP, **params: Any
    ) -> None:
        """Add the region of that name, or change it: what is given is set, None takes it out (a region of None is the
        whole detector), the rest stays."""
        path: Path = ("runs", self.range_key(range), detector, "roi")
        values = dict(params)
        if region is not KEEP:
            values = {"region": None if region is None else [list(pair) for pair in region], **params}
        at = self._entry(path, name)
        if at is None:
            given = {"name": name, **{k: v for k, v in values.items() if v is not None}}
            self.text = edit.append(self._text, path, given)
            return
        text = self._text
        for key, value in values.items():
            here = (*path, at, key)
            if value is not None and self.value(here) != value:
                text = edit.set_value(text, here, value)
            elif value is None and self.value(here) is not None:
                text = edit.remove(text, here)
        self.text = text

    def rename_roi(self, range: str, detector: str, name: str, to: str) -> None:
        path: Path = ("runs", self.range_key(range), detector, "roi")
        self.text = edit.set_value(self._text, (*path, self._needed(path, name), "name"), to)

    def remove_roi(self, range: str, detector: str, name: str) -> None:
        path: Path = ("runs", self.range_key(range), detector, "roi")
        self.text = edit.remove(self._text, (*path, self._needed(path, name)))

    def set_sums(self, range: str, detector: str, algorithms: Sequence[str]) -> None:
        """[] takes the sums out."""
        path: Path = ("runs", self.range_key(range), detector, "sums")
        if algorithms:
            self.text = edit.set_value(self._text, path, list(algorithms))
        elif self.value(path) is not None:
            self.text = edit.remove(self._text, path)

    def _entry(self, path: Path, name: str) -> int | None:
        for i, entry in enumerate(self.value(path) or []):
            if isinstance(entry, dict) and entry.get("name", "ROI") == name:
                return i
        return None

    def _needed(self, path: Path, name: str) -> int:
        at = self._entry(path, name)
        if at is None:
            there = [str(entry.get("name", "ROI")) for entry in self.value(path) or []]
            raise EditFailed(f"[[{dotted(path)}]] has no {name!r}" + (f", only {', '.join(there)}" if there else ""))
        return at

    # ---- the file ---------------------------------------------------------------------------------------------------

    def on_disk(self) -> str | None:
        """What the file holds now when that is not what was opened or saved here; None when nothing changed."""
        try:
            now: bytes | None = FilePath(os.path.realpath(self.path)).read_bytes()
        except FileNotFoundError:
            now = None
        return None if now == self._seen else (now or b"").decode("utf-8", "replace")

    @property
    def seen(self) -> str | None:
        """What the file held when it was last read or written here; None where there was none."""
        return None if self._seen is None else self._seen.decode("utf-8", "replace")

    def take_over(self, text: str, seen: str | None) -> None:
        """`text`, which a console that is gone made of a file that held `seen`, becomes the buffer, a step of undo."""
        self._seen = None if seen is None else seen.encode("utf-8")
        self.text = text

    def merge(self, text: str, theirs: str) -> None:
        """`text`, which was made knowing that the file holds `theirs` now, becomes the buffer, a step of undo."""
        self._seen = theirs.encode("utf-8")
        self.text = text

    def save(self, who: str, why: str = "", overwrite: bool = False) -> None:
        """Raises ChangedOnDisk, SaveFailed; the buffer stays as it is. `overwrite`: after the operator saw what
        somebody else wrote; theirs is kept in the history."""
        self._seen = save(self.path, self._text, self._seen, who, why, overwrite)

    def history(self) -> list[Version]:
        return versions(self.path)

    def restore(self, version: Version) -> None:
        """Make an earlier version the buffer; a step of undo like any other. Raises OSError."""
        self.text = version.text()


def _pv(entry: Any) -> tuple[str, str]:
    """(pv, alias) of an entry as it is written."""
    if isinstance(entry, dict):
        return str(entry.get("pv", "")), str(entry.get("alias", ""))
    return str(entry), ""


def _index_of(entries: list[Any], name: str) -> int | None:
    pvs = [_pv(entry) for entry in entries]
    by_alias = next((i for i, (pv, alias) in enumerate(pvs) if (alias or pv) == name), None)
    return by_alias if by_alias is not None else next((i for i, (pv, _) in enumerate(pvs) if pv == name), None)
