"""A synthetic experiment: real xtc2 and smd files, written with psana's own writer, of physics a person recognises.

`write_experiment` writes the whole demo, `write_run` one run. What was authored is a pure function of the seed, the run
and the event (`physics.Shots`, `epics.Pvs`), so that a test has an oracle that never went through a file.
Only `stream` needs psana, and imports it inside its functions.
"""

from producer.synthetic.experiment import EXPERIMENT, VERSION, Written, hutch, write_experiment, write_run

__all__ = ["EXPERIMENT", "VERSION", "Written", "hutch", "write_experiment", "write_run"]
