"""Histories of PVs over the run, from the EPICS Archiver Appliance."""

from dataclasses import dataclass
from typing import Annotated, Dict, Iterator, Optional, Tuple

from producer.defaults.epics import Pv
from producer.parameters import Meta, Wrong

SECTION = "archiver"
MANY = False


def _http(text: str) -> None:
    if not text.startswith(("http://", "https://")):
        raise Wrong(f"must be an address that begins with http:// or https://, not {text!r}")


@dataclass(frozen=True)
class Parameters:
    pvs: Annotated[Tuple[Pv, ...], Meta("PVs whose archived values during the run are written")] = ()
    url: Annotated[
        Optional[str],
        Meta("the archiver's getData.json; left out = SMDTUI_ARCHIVER_URL, else that of LCLS", check=_http),
    ] = None
    timeout_s: Annotated[float, Meta("for all PVs together", unit="s", minimum=0.1, maximum=600)] = 20.0

    def check(self) -> Iterator[Tuple[Tuple[object, ...], str, str]]:
        seen: Dict[str, int] = {}
        for i, pv in enumerate(self.pvs):
            if pv.name in seen:
                yield ("pvs", i), f"pvs[{seen[pv.name]}] is already called {pv.name!r}; give one an alias", ""
            seen.setdefault(pv.name, i)
