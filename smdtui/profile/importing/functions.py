"""What each function of a configuration asks for, as entries of ours: one function here per analysis of theirs."""

from collections.abc import Callable
from typing import Any

from smdtui.profile.importing import convert, regions, rules, sums_asked
from smdtui.profile.importing.asked import Asked, tables
from smdtui.profile.importing.draft import Draft, Notes, as_list, draft, shown
from smdtui.profile.importing.items import IGNORED, LOST, Item
from smdtui.profile.importing.known_names import LCLS2
from smdtui.profile.importing.values import LineDict, Unknown

Handler = Callable[[Asked, str, Any, int, Notes], None]


def ask(asked: Asked, name: str, value: Any, line: int) -> None:
    """Add what the function `name` of the configuration returned."""
    notes = asked.notes.within(name)
    if isinstance(value, Unknown):
        notes.lost(value.line or line, f"what it returns is not known: {value.reason}")
        return
    if name == "get_sum_algos":
        sums_asked.sum_algos(asked, value, line, notes)
        asked.named(name)
        return
    if value is None:
        notes.fails(line, "returns nothing; smalldata_tools stops there")
        return
    if name in ("getROIs",) and isinstance(value, list):
        value = {}
    if not isinstance(value, dict):
        notes.lost(line, f"returns {shown(value)}, which is no table of detectors")
        return
    handler = _HANDLERS.get(name)
    seen: set[int] = set()
    for detector, given in value.items():
        at = value.line_of(detector) if isinstance(value, LineDict) else line
        here = notes.within(str(detector))
        _shared(given, seen, at, here)
        if isinstance(given, Unknown):
            here.lost(given.line or at, f"it is not known: {given.reason}")
        elif handler is None:
            kind = LOST if name == "get_psplot_configs" else IGNORED
            asked.items.add(Item(kind, at, f"{shown(given)}: {_NO_PLACE[name]}", here.path, here.spans))
        elif not asked.has(str(detector)):
            here.ignored(at, f"{detector} is not in the list of detectors, so smalldata_tools does nothing of this")
        elif "hsd" in str(detector) and asked.generation == LCLS2 and name != "getROIs":
            here.ignored(at, "of an hsd smalldata_tools only takes the ROIs")
        else:
            handler(asked, str(detector), given, at, here)
    asked.named(name)


def _shared(given: Any, seen: set[int], line: int, notes: Notes) -> None:
    """Producers take some parameters out of a table when they use it: for a second detector they are gone then."""
    for one, _ in as_list(given, line):
        taken = [key for key in ("proj_ax", "pj", "nData", "get_photon_img") if isinstance(one, dict) and key in one]
        if taken and id(one) in seen:
            words = (
                f"the same table as another detector's: smalldata_tools finds no {taken[0]} here any more; here it is"
            )
            notes.note(line, words)
        seen.add(id(one))


_NO_PLACE = {
    "get_psplot_configs": "live plots are no part of a profile",
    "get_mectt": "no producer asks for get_mectt (they look for getmectt), so smalldata_tools never does it",
    "getmectt": "the producer looks for getmectt but then calls get_mectt; the MEC time tool has no place here",
    "getDetImages": "no producer of smalldata_tools carries it out",
    "getFuncParam": "an example's name: no producer of smalldata_tools asks for it",
}


def _simple(function: str, finish: Callable[[Draft, dict[Any, Any], Notes], None] | None = None) -> Handler:
    """A function whose entries need no more than its rules."""

    def handle(asked: Asked, detector: str, given: Any, line: int, notes: Notes) -> None:
        for one, at in tables(given, line, notes):
            made = draft(rules.RULES[function], one, at, notes)
            if finish:
                finish(made, one, notes)
            asked.add(detector, function, made)

    return handle


# Azimuthal integration


def _azimuthal(made: Draft, given: dict[Any, Any], notes: Notes) -> None:
    if "dis_to_sam" not in given:
        notes.note(made.line, "dis_to_sam is not given: smalldata_tools then takes 0.1 mm, here it is 100 mm")
    if given.get("polCorr") is not None and not given["polCorr"] and "Pplane" in given:
        made.put("polarization", "none", made.lines["polarization",], "polCorr")
    elif "Pplane" in given and "polCorr" in given:
        _put_plane(made, given)


def _put_plane(made: Draft, given: dict[Any, Any]) -> None:
    try:
        plane = convert.polarization(given["Pplane"])
    except convert.NoPlace:
        return  # said already
    made.put("polarization", plane, made.lines["polarization",], "Pplane")


def _pyfai(asked: Asked, detector: str, given: Any, line: int, notes: Notes) -> None:
    for one, at in tables(given, line, notes):
        made = draft(rules.PYFAI, one, at, notes, skip=("ai_kwargs",))
        if "two_dimensional" not in made.table:  # the default is the text "False", which is true
            made.put("two_dimensional", True, at)
            notes.note(at, "return2d is not given: smalldata_tools then integrates in two dimensions, so does this")
        geometry = one.get("ai_kwargs")
        if isinstance(geometry, dict):
            here = at if not isinstance(one, LineDict) else one.line_of("ai_kwargs")
            if one.get("poni_file") is not None:
                notes.within("ai_kwargs").ignored(here, "ai_kwargs: poni_file is given, which smalldata_tools prefers")
            else:
                inner = draft(rules.PYFAI_GEOMETRY, geometry, here, notes.within("ai_kwargs"))
                for key, value in inner.table.items():
                    made.put(key, value, inner.lines[key,], "ai_kwargs")
        asked.add(detector, "azav_pyfai", made)


# Droplets and photons


def _droplet(asked: Asked, detector: str, given: Any, line: int, notes: Notes) -> None:
    for one, at in tables(given, line, notes):
        made = draft(rules.DROPLET, one, at, notes, skip=("nData",))
        made.nest("sparsify", _sparse(one, at, notes), "nData")
        before = asked.drafts.pop((detector, "droplet"), [])
        if any("photons" in earlier.table for earlier in before):
            notes.note(
                made.line,
                "get_droplet2photon is there too, of the same name: smalldata_tools writes no photons then; so here",
            )
            before = [earlier for earlier in before if "photons" not in earlier.table]
        asked.drafts[detector, "droplet"] = [*before, made]


def _sparse(given: dict[Any, Any], line: int, notes: Notes) -> Draft:
    at = given.line_of("nData") if isinstance(given, LineDict) and "nData" in given else line
    made = Draft(at)
    try:
        entries = convert.sparse_entries(given.get("nData"))
    except convert.NoPlace as reason:
        notes.within("nData").lost(at, f"nData = {shown(given['nData'])}: {reason}")
        return made
    if given.get("nData") == 0:
        notes.within("nData").note(at, "nData = 0: ragged arrays are written as variable-length ones")
    if entries is not None:
        made.put("entries", entries, at, "nData")
    return made


def _droplet2photon(asked: Asked, detector: str, given: Any, line: int, notes: Notes) -> None:
    for one, at in tables(given, line, notes):
        parts = {"droplet": one.get("droplet"), "d2p": one.get("d2p")}
        wrong = [name for name, part in parts.items() if not isinstance(part, dict)]
        if wrong:
            notes.lost(at, f"needs a table {' and a table '.join(wrong)}, which it has not")
            continue
        droplet: Any = parts["droplet"]
        photons: Any = parts["d2p"]
        made = draft(rules.DROPLET, droplet, at, notes.within("droplet"))
        inner = draft(rules.PHOTONS, photons, at, notes.within("d2p"))
        if one.get("get_photon_img"):
            here = one.line_of("get_photon_img") if isinstance(one, LineDict) else at
            notes.within("get_photon_img").note(
                here, "get_photon_img: smalldata_tools writes only the last image, here that of each event"
            )
            inner.put("save_image", True, here, "get_photon_img")
        inner.nest("sparsify", _sparse(one, at, notes), "nData")
        made.nest("photons", inner, "d2p")
        for key in one:
            if key not in ("droplet", "d2p", "nData", "get_photon_img"):
                here = one.line_of(key) if isinstance(one, LineDict) else at
                notes.within(str(key)).ignored(here, f"{key} = {shown(one[key])}: smalldata_tools does not read it")
        asked.add(detector, "droplet", made)


def _photon_counting(made: Draft, given: dict[Any, Any], notes: Notes) -> None:
    if "photon" not in made.table:
        made.put("photon", 154.0, made.line)  # photonFunc's default


# Waveforms


def _svd(asked: Asked, detector: str, given: Any, line: int, notes: Notes) -> None:
    several = isinstance(given, (list, tuple))
    for i, (one, at) in enumerate(tables(given, line, notes)):
        made = draft(rules.SVD, one, at, notes)
        if one.get("basis_file") is None:
            notes.lost(at, "basis_file is not given: smalldata_tools takes the newest there is; here one must be named")
            made.missing.append("basis_file")
        if several and "name" not in made.table:  # theirs are told apart by the channel that the basis is of
            made.put("name", f"svdFit_ch{i}", at)
        asked.add(detector, "svd", made)


def _polynomial(asked: Asked, detector: str, given: Any, line: int, notes: Notes) -> None:
    for one, at in tables(given, line, notes):
        made = draft(rules.POLYNOMIAL, one, at, notes, skip=("projection", "droplet"))
        where = one.line_of if isinstance(one, LineDict) else lambda key: line
        if made.table.get("method") == "vectorized":
            notes.within("method").lost(
                made.lines["method",],
                "method = 'vectorized' shifts the other way than roll does; there is no such method here",
            )
            made.drop("method")
            made.missing.append("method")
        made.put("save_image", True, at)  # smalldata_tools always writes it
        if isinstance(one.get("projection"), dict):
            inner = regions.projection(one["projection"], where("projection"), notes.within("projection"))
            made.nest_many("projection", [inner], "projection")
        if one.get("droplet") is not None:
            notes.within("droplet").lost(
                where("droplet"),
                f"droplet = {shown(one['droplet'])}: smalldata_tools corrects the image of the droplets; here droplets "
                "are looked for after the correction",
            )
            made.missing.append("droplet")
        asked.add(detector, "polynomial_curve", made)


_HANDLERS: dict[str, Handler] = {
    "getROIs": regions.rois,
    "getProjection_ax0": regions.projection_of_rois,
    "getProjection_ax1": regions.projection_of_rois,
    "get_azav": _simple("azimuthal", _azimuthal),
    "getAzIntParams": _simple("azimuthal", _azimuthal),
    "get_azav_pyfai": _pyfai,
    "getAzIntPyFAIParams": _pyfai,
    "get_droplet2photon": _droplet2photon,
    "getDroplet2Photons": _droplet2photon,
    "get_droplet": _droplet,
    "getDropletParams": _droplet,
    "getPhotonParams": _simple("photon_counting", _photon_counting),
    "get_wf_integrate": _simple("wf_integrate"),
    "get_wf_hitfinder": _simple("hit_finder"),
    "get_wf_svd": _svd,
    "getSvdParams": _svd,
    "getAutocorrParams": _simple("autocorrelation"),
    "get_polynomial_correction": _polynomial,
    "get_pressio_compression": _simple("compression"),
    "getDetSums": sums_asked.sums,
}
# The order in which the producers add what the functions return.
ORDER = (*_HANDLERS, "get_sum_algos", *_NO_PLACE)
