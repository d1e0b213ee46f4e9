"""What is asked of the economy: designs of experiments, sweeps, figures, answers.

Importing this package is cheap: pandas, matplotlib and the compiled model are loaded when they are first needed.
"""

from experiments.design import Design
from experiments.errors import ExperimentError
from experiments.sweeps.interrupts import SweepInterrupted
from experiments.sweeps.sweep import sweep

__all__ = ["Design", "ExperimentError", "SweepInterrupted", "sweep"]
