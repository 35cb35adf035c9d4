"""The table of our parameters with their names in smalldata_tools and in LUTE, made from what the import uses:

python -m smdtui.profile.importing.names_table > docs/parameters.md
"""

import sys
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any, get_args, get_origin

from producer.analysis import FUNCTIONS
from producer.defaults import SECTIONS
from producer.parameters import Field, describe
from producer.toml_text import value_text
from smdtui.profile.importing.back import OURS
from smdtui.profile.importing.known_names import FUNCTIONS as THEIRS
from smdtui.profile.importing.known_names import LCLS1, LCLS2, TEMPLATE
from smdtui.profile.importing.rules import RULES, Rules

# LUTE's SubmitSMD, producer_parameters (lute/io/models/smd.py): its fields, and their parameters.
LUTE: dict[str, tuple[str, str]] = {
    "roi": ("getROIs", "ROI writeArea thresADU calcPars"),
    "azimuthal": (
        "getAzIntParams",
        "eBeam center dis_to_sam tx ty ADU_per_Photon phiBins qbin thresRms thresADU thresADUhigh geomCorr polCorr "
        "userMask",
    ),
    "azav_pyfai": ("getAzIntPyFAIParams", "poni_file ai_kwargs npts npts_az int_units return2d dist poni1 poni2"),
    "photon_counting": ("getPhotonParams", "ADU_per_photon thresADU"),
    "droplet": ("getDropletParams", "name threshold thresholdLow thresADU useRms nData relabel"),
    "photons": ("getDroplet2Photons", "aduspphot cputime nData"),
    "svd": ("getSvdParams", "name n_components basis_file n_pulse delay mode return_reconstructed"),
    "autocorrelation": ("getAutocorrParams", "name mask save_lineout save_range illumination_correction"),
    "compression": ("getPressioCompression", ""),
    "sums": ("detSumAlgos", ""),
}
# Ours -> theirs where the import has code of its own: (smalldata_tools, LUTE).
SETTINGS: dict[str, tuple[str, str]] = {
    "epics.per_event": ("epicsPV (LCLS-I), epicsArchFilePV (LCLS-II)", "epicsPV, epicsArchFilePV"),
    "epics.once": ("epicsOncePV", "epicsOncePV"),
    "epics.all": ("--epicsAll", ""),
    "archiver.pvs": ("epicsPV (LCLS-II)", "epicsPV"),
    "timetool.calibration": ("ttCalib, ttCalibPars", "ttCalib"),
    "analog_input.channel": ("aioParams[0]", "aioParams[0]"),
    "analog_input.name": ("aioParams[1]", "aioParams[1]"),
    "analog_input.scale": ("aioParams[2]", "aioParams[2]"),
    "analog_input.offset": ("aioParams[3]", "aioParams[3]"),
    "integrating.detectors": ("get_intg", "get_intg.intg_main, intg_addl"),
    "xtcav.enabled": ("--xtcav", ""),
}
_OWN = {
    "roi": {"projection": "pj (LCLS-I), proj_ax (LCLS-II), getProjection_ax0/1 (template)"},
    "hsd": {"channel": "getROIs: hsd_<channel>", "region": "getROIs: hsd_<channel>"},
    "sums": {"algorithms": "list of names"},
    "droplet": {"sparsify": "nData", "photons": "d2p"},
    "photons": {"sparsify": "nData", "save_image": "get_photon_img"},
    "polynomial_curve": {"projection": "projection", "droplet": ""},
    "azimuthal": {"q_edges": "qbin", "phi_edges_rad": "phiBins", "polarization": "Pplane, polCorr"},
    "autocorrelation": {"threshold_high": "thresADU[1]", "threshold": "thresADU[0]"},
}
_OWN["roi"]["threshold_high"] = "thresADU[1]"
_HEADER = ("| key | unit | default | smalldata_tools | LUTE |", "|---|---|---|---|---|")
_HEAD = """# Parameters: our names, smalldata_tools', LUTE's

Made by `python -m smdtui.profile.importing.names_table`; a test keeps it current. What `smdtui import` does with a
configuration follows this table. LUTE's names stand below `SubmitSMD.producer_parameters`, for each detector where the
function is one of detectors. An empty field: there is nothing of the kind.
"""


def table() -> str:
    parts = [_HEAD, "## The same for every run\n", *_HEADER]
    for section, module in SECTIONS.items():
        for field in describe(module.Parameters):
            key = f"{section}.{field.name}"
            parts.append(_row(key, field, *SETTINGS.get(key, ("", ""))))
    parts.append("\n## Analysis of detectors\n")
    for name, module in FUNCTIONS.items():
        parts += list(_function(name, name, module.Parameters, RULES.get(name, {})))
        if name == "droplet":
            nested = next(f.type for f in describe(module.Parameters) if f.name == "photons")
            parts += list(_function("droplet.photons", "photons", _class_of(nested), RULES["droplet.photons"]))
    return "\n".join(parts) + "\n"


def _function(title: str, name: str, cls: Any, rules: Rules) -> Iterator[str]:
    yield f"### {title}\n"
    lute, known = LUTE.get(name, ("", ""))
    names = _theirs(name)
    if names:
        yield f"smalldata_tools: {names}{f'; LUTE: `{lute}`' if lute else ''}\n"
    yield from _HEADER
    inverse: dict[str, list[str]] = {}
    for source in (rules, RULES.get(f"{name}.ai_kwargs", {})):
        for theirs, rule in source.items():
            if rule.key:
                shown = f"ai_kwargs.{theirs}" if source is not rules else theirs
                inverse.setdefault(rule.key, []).append(shown)
    for field in describe(cls):
        theirs = _OWN.get(name, {}).get(field.name, ", ".join(inverse.get(field.name, [])))
        in_lute = ", ".join(t for t in theirs.split(", ") if t.split("[")[0].split(".")[-1] in known.split())
        yield _row(field.name, field, theirs, in_lute)
    yield ""


def _theirs(name: str) -> str:
    found = [theirs for theirs, ours in OURS.items() if ours == name]
    found += {"sums": ["get_sum_algos", "getDetSums"], "hsd": ["getROIs"]}.get(name, [])
    words = {LCLS2: "LCLS-II", LCLS1: "LCLS-I", TEMPLATE: "template"}
    return ", ".join(f"`{one}` ({', '.join(words[g] for g in THEIRS[one])})" for one in found)


def _row(key: str, field: Field, theirs: str, lute: str) -> str:
    cells = [f"`{key}`", field.meta.unit, _default(field), _code(theirs), _code(lute)]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(field: Field) -> str:
    if field.required:
        return "required"
    if field.default is None or is_dataclass(field.default):
        return ""
    return f"`{value_text(list(field.default) if isinstance(field.default, tuple) else field.default)}`"


def _code(names: str) -> str:
    return f"`{names}`" if names else ""


def _class_of(kind: Any) -> Any:
    return next(part for part in get_args(kind) if is_dataclass(part)) if get_origin(kind) is not None else kind


if __name__ == "__main__":
    sys.stdout.write(table())
