"""Closed forms that the model is checked against: each a pure function with its game, its source and its conditions.

Asked for outside its conditions, a closed form raises ConditionError.
"""

from model.theory.conditions import ConditionError
from model.theory.deterrence import (
    NODES,
    combined_reservation,
    detection_probability,
    offence_share_by_value,
    reservation_value,
)
from model.theory.prediction import deterrence_boundary, expected_income, honesty_by_value, mean_opportunity
from model.theory.shapes import (
    BlocksAbove,
    Floats,
    ValueAbove,
    constant_opportunity,
    exponential_opportunity,
    heavy_tailed_opportunity,
    opportunity,
)

__all__ = [
    "NODES",
    "BlocksAbove",
    "ConditionError",
    "Floats",
    "ValueAbove",
    "combined_reservation",
    "constant_opportunity",
    "detection_probability",
    "deterrence_boundary",
    "expected_income",
    "exponential_opportunity",
    "heavy_tailed_opportunity",
    "honesty_by_value",
    "mean_opportunity",
    "offence_share_by_value",
    "opportunity",
    "reservation_value",
]
