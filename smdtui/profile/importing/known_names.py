"""What smalldata_tools' producers ask a configuration for. "lcls2": the psana2 producer; "lcls1": psana1's; "template":
the older producer template, of which the configuration was the middle part."""

from producer.problem import nearest

LCLS2, LCLS1, TEMPLATE = "lcls2", "lcls1", "template"
GENERATIONS = {
    LCLS2: "a configuration for LCLS-II",
    LCLS1: "a configuration for LCLS-I",
    TEMPLATE: "a producer made from the older template",
}

# function -> the producers that ask for it; () = none does, though configurations have it.
FUNCTIONS: dict[str, tuple[str, ...]] = {
    "getROIs": (LCLS2, LCLS1, TEMPLATE),
    "get_intg": (LCLS2,),
    "get_droplet": (LCLS2, LCLS1),
    "get_droplet2photon": (LCLS2, LCLS1),
    "get_azav": (LCLS2,),
    "get_azav_pyfai": (LCLS2,),
    "get_wf_integrate": (LCLS2,),
    "get_wf_hitfinder": (LCLS2,),
    "get_wf_svd": (LCLS2,),
    "get_polynomial_correction": (LCLS2,),
    "get_sum_algos": (LCLS2,),
    "get_pressio_compression": (LCLS2,),
    "get_psplot_configs": (LCLS2,),
    "getDetImages": (),
    "getAzIntParams": (LCLS1, TEMPLATE),
    "getAzIntPyFAIParams": (LCLS1, TEMPLATE),
    "getDetSums": (LCLS1,),
    "get_mectt": (),
    "getmectt": (),
    "getPhotonParams": (TEMPLATE,),
    "getDropletParams": (TEMPLATE,),
    "getDroplet2Photons": (TEMPLATE,),
    "getSvdParams": (TEMPLATE,),
    "getAutocorrParams": (TEMPLATE,),
    "getProjection_ax0": (TEMPLATE,),
    "getProjection_ax1": (TEMPLATE,),
    "getFuncParam": (),
}

# module-level name -> the producers that read it
SETTINGS: dict[str, tuple[str, ...]] = {
    "detectors": (LCLS2,),
    "detnames": (LCLS1, TEMPLATE),
    "epicsPV": (LCLS2, LCLS1, TEMPLATE),
    "epicsOncePV": (LCLS2, LCLS1),
    "epicsArchFilePV": (LCLS2,),
    "xdetectors": (LCLS2,),
    "integrating_detectors": (),
    "slow_detectors": (),
    "ttCalib": (LCLS1, TEMPLATE),
    "ttCalibPars": (TEMPLATE,),
    "aioParams": (TEMPLATE,),
}

# The run is handed over as text, not as a number, by these producers and to this function.
_TEXT_PRODUCERS = (LCLS1, TEMPLATE)
_TEXT_FUNCTIONS = ("get_intg",)


def run_is_text(function: str, generation: str) -> bool:
    return generation in _TEXT_PRODUCERS or function in _TEXT_FUNCTIONS


def generation_of(names: set[str]) -> str:
    """Which producer a file with these module-level names was written for."""
    if "define_dets" in names or "aioParams" in names or "ttCalibPars" in names:
        return TEMPLATE
    if "detectors" in names:
        return LCLS2
    if "detnames" in names:
        return LCLS1
    asked = {g: sum(g in FUNCTIONS.get(n, ()) for n in names) for g in (LCLS2, LCLS1, TEMPLATE)}
    return max(asked, key=lambda generation: asked[generation])


def meant(name: str) -> str:
    """The name that was probably meant by one that no producer asks for, or ""."""
    close = nearest(name, [*FUNCTIONS, *SETTINGS], most=1)
    return close[0] if close else ""
