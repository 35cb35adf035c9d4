"""Written for these tests: every function that the LCLS-II producer asks for, with runs told apart in every way."""

import numpy as np
import psplot_of_nowhere

detectors = ["jungfrau1M", "epix_1", "hsd", "fim0", "axis_svls", "opal"]
RESULTS = "/data/results"
full = {"writeArea": True, "ROI": None}


def get_intg(run):
    run = int(run)
    slow, others = None, []
    if run >= 30:
        slow, others = "axis_svls", ["andor_dir"]
    return slow, others


def getROIs(run):
    rois = {}
    if run < 21:
        rois["jungfrau1M"] = [{"name": "spot", "ROI": [[1, 2], [157, 487], [294, 598]], "writeArea": True}]
    elif 21 <= run < 40:
        rois["jungfrau1M"] = [
            {"name": "spot", "ROI": [[1, 2], [100, 200], [294, 598]], "thresADU": [2.5, 30.0]},
            {"name": "line", "ROI": [[0, 1], [0, 10], [0, 10]], "proj_ax": 1, "userMask": np.load("/data/mask.npy")},
        ]
    else:
        rois["jungfrau1M"] = [dict(full)]
    if run in [7, 9, 12] or run == 50:
        rois["opal"] = [full]
    elif not (run <= 12 or run > 20):
        rois["opal"] = [{"ROI": [[0, 100], [0, 200]], "calcPars": False}]
    rois["hsd"] = {"hsd_0": [0, -1], "hsd_3": [3000, 8000]}
    rois["not_listed"] = [full]
    return rois


def get_droplet(run):
    if isinstance(run, str):
        run = int(run)
    found = {}
    if run > 5 and run != 8:
        found["epix_1"] = {"threshold": 110.0 / 32, "useRms": False, "thresholdADU": 20.0, "nData": 1e4}
    return found


def get_droplet2photon(run):
    d2p = {}
    if run <= 5:
        one = {"droplet": {"threshold": 65, "thresholdLow": 20, "thresADU": 0, "useRms": False}}
        one["d2p"] = {"aduspphot": 400, "photpts": np.arange(4) * 400.0 - 200, "cputime": True}
        one["nData"] = None
        one["get_photon_img"] = False
        d2p["epix_1"] = one
    return d2p


def get_azav(run):
    common = {"center": [87526.8, 92773.3], "tx": 0, "ty": 0.5}
    by_energy = {"eBeam": 9.5} if run < 100 else {"eBeam": 18.0, "Pplane": 1}
    return {"jungfrau1M": {**common, **by_energy, "dis_to_sam": 80.0, "phiBins": 11, "qbin": 0.025}}


def get_azav_pyfai(run):
    if run < 10:
        return {}
    return {
        "epix_1": {
            "ai_kwargs": {"dist": 0.12, "poni1": 0.1, "poni2": 5 * 0.01, "wavelength": 1e-10},
            "npts": 512,
            "int_units": "q_A^-1",
            "return2d": False,
            "azav_kwargs": {"safe": True},
        }
    }


def get_wf_integrate(run):
    return {name: {"sig_roi": slice(104, 113), "bkg_roi": (0, 80), "negative_signal": True} for name in ["fim0"]}


def get_wf_hitfinder(run):
    return {"fim0": {"threshold": 4, "treshold_max": 3500, "use_rms": True, "bkg_roi": (10, 50)}} if run else {}


def get_wf_svd(run):
    fits = {}
    if run > 0:
        fits["fim0"] = []
        for channel in range(2):
            path = f"{RESULTS}/wave_basis_fim0_ch{channel}_r{str(146).zfill(4)}.h5"
            fits["fim0"].append({"n_components": 3, "mode": "both", "basis_file": path})
    return fits


def get_polynomial_correction(run):
    return {
        "axis_svls": {
            "polynomial_coefficients": [1.3e-6, -1.3e-2, 47.0],
            "axis": 1,
            "method": "roll",
            "projection": {"axis": 0},
            "droplet": {"threshold": 3},
        }
    }


def get_pressio_compression(run):
    return {"opal": {"pressio_config": {"compressor_id": "sz3", "compressor_config": {"pressio:abs": 2.0}}}}


def get_sum_algos(run):
    algos = {"all": ["calib", "calib_max"]}
    if run > 60:
        algos["jungfrau1M"] = ["calib_thresADU5", "calib_thresADU5"]
        algos["epix_1"] = ["calib_median"]
    return algos


def get_psplot_configs(run):
    return {"fim0": {"callback": psplot_of_nowhere.SpectrumScan}}


def get_ROIs(run):
    return {"opal": [full]}


epicsPV = ["XPP:USR:MMS:01.RBV", ("XPP:USR:MMS:02.RBV", "sam_y")]
epicsArchFilePV = ["s1h_w", ("SIOC:SYS0:ML00:AO627", "energy"), "s1h_w"]
epicsOncePV = [f"M{n}:VOLT" for n in (1, 2)]
xdetectors = ["broken"]
