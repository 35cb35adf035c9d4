"""Written for these tests: what the LCLS-I producer asks for; the run comes as text."""

import numpy as np

detnames = ["epix100a_1", "Epix10kaQuad2", "Zyla"]
epicsPV = ["las_time", ("SP1L0:DCCM:MMS:TH1.RBV", "dccm_th1")]
epicsOncePV = []
ttCalib = [1.860828, -0.002950]


def getROIs(run):
    if isinstance(run, str):
        run = int(run)
    roi = {"name": "ROI_0", "writeArea": True, "thresADU": None, "ROI": np.array([[157, 487], [294, 598]])}
    two = [
        {"name": "ROI_0", "ROI": [[0, 10], [0, 20]], "pj": [{"name": "pj1", "axis": 0, "thresADU": 0.0}]},
        {"ROI": [[5, 10], [0, 20]], "thresADU": 7.0, "pj": [{"axis": 1, "mean": True}, {"singlePhoton": True}]},
    ]
    if run > 0:
        found = {"Zyla": [roi], "epix100a_1": two}
    return found


def getAzIntParams(run):
    run = int(run)
    az = {"eBeam": 6, "center": [-628.98, -461.14], "dis_to_sam": 60.0, "qbin": np.linspace(0.5, 1.5, 5)}
    az["userMask"] = np.load("/data/quad_mask.npy").astype(bool)
    az["thresRms"] = 3
    if run >= 200:
        az["phiBins"] = [0.0, 1.5, 3.0]
        az["polCorr"] = False
    return {"Epix10kaQuad2": [az]}


def getAzIntPyFAIParams(run):
    if 3 <= int(run) <= 6:
        return {"Epix10kaQuad2": [{"poni_file": "/data/run175.poni", "threshold": 2.5, "polarization_factor": -1}]}
    return {}


def get_droplet(run):
    run = int(run)
    if run % 2 == 5:
        return {}
    return {"epix100a_1": [{"threshold": 10, "thresholdLow": 3}]}


def get_droplet2photon(run):
    if run > 0:
        return {}
    return {}


def getDetSums(run):
    sums = {"Zyla": ["calib", "calib_thresADU10"], "Epix10kaQuad2": ["calib"]}
    if int(run) > 12:
        sums["Epix10kaQuad2"].append("calib_max")
        sums["Zyla"] += ["calib_nonsense"]
    return sums


def get_mectt(run):
    return {"Zyla": [{"bkgfile": "/data/background.h5", "tilt": -4.7, "sigmaTT": 18}]}


def getFuncParam(run):
    if run == "7":
        return {"Zyla": {"param1": 1}}
    return {}
