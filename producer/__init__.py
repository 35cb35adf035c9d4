"""SmallData production: one recorded run (xtc2, read with psana) to one HDF5 file of per-event numbers.

Runs in the psana environment, alone or under MPI: Python 3.9 syntax; only the standard library (tomli below 3.11),
numpy, scipy, h5py, mpi4py and psana. Nothing here imports the app.
"""

__version__ = "0.1.0"
