"""What is asked of the economy: designs of experiments, sweeps, figures, answers.

Importing this package is cheap: pandas, matplotlib and the compiled model are loaded when they are first needed.
"""

import warnings

from experiments.design import Design
from experiments.errors import ExperimentError
from experiments.sweeps.interrupts import SweepInterrupted
from experiments.sweeps.sweep import sweep
from model.parameters.idle import IdleWarning

# Of settings without effect a sweep or a command says once what simulate would say of every run.
warnings.filterwarnings("ignore", category=IdleWarning, module="experiments")

__all__ = ["Design", "ExperimentError", "SweepInterrupted", "sweep"]
