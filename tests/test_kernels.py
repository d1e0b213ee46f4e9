"""The compiled core: compiled once for all scenarios, equal to its own source, and explained."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import model.core
from model.core.audit import total
from model.core.compiled import Kernel
from model.core.epoch import advance
from model.core.recording import new_snapshots, observe
from model.core.state import Streams
from model.parameters import Scenario, designs
from model.simulation import Engine, simulate
from tests.scenarios import SMALL

ROOT = Path(__file__).parent.parent
LIVELY: list[dict[str, Any]] = [
    {"mev_bps": 60.0, "byzantine_share": 0.2, "griefing_share": 0.3, "accusation_rate": 1.0, "honest_fault_rate": 20.0},
    {"selection": "sqrt_stake", "reward_rule": "target_rate", "reward_source": "issuance", "colluding_share": 0.4}
    | {"bribe": 1e5, "byzantine_share": 0.4, "jail_epochs": 0, "opportunity": "exponential", "restake_share": 0.5},
    {
        "slash_fraction": 0.5,
        "byzantine_share": 0.4,
        "correlation_penalty": 9.0,
        "slash_delay": 2,
        "proof_of_check": False,
        "trap_rate": 0.1,
    }
    | {"price_process": "reflexive", "opportunity": "constant", "mev_bps": 500.0, "downtime": 0.3, "failover": 0.5},
    {"learning": "imitation", "choice": "logit", "mev_bps": 500.0, "revision_rate": 0.5, "mutation": 0.1},
    {"learning": "reinforcement", "choice": "best_response", "mev_bps": 500.0, "colluding_share": 0.4, "bribe": 1e5}
    | {"byzantine_share": 0.2, "sybil_nodes": 1},
    {"choice": "logit", "sequencer_precision": 1e-3, "mev_bps": 2e3},
    {"sanction": "restaked_slash", "services": 5, "service_overlap": 0.6, "service_profit": 1e5, "mev_bps": 2e3}
    | {"external_shock_rate": 30.0, "reward_rule": "sqrt_curve", "reward_source": "issuance"},
    {"choice": "best_response", "mev_bps": 2e3, "learning": "fixed"},
]
PROGRAM = """
import json, sys
from tests.test_kernels import LIVELY, transcript
print(json.dumps([transcript(changes) for changes in LIVELY]))
"""


def transcript(changes: dict[str, Any]) -> dict[str, Any]:
    """Return every number of a short run's snapshots and last state, and where its streams stand."""
    engine = Engine(Scenario(**{**SMALL, **changes}), 9)
    snapshots = new_snapshots(engine.state, [5, 12])
    engine.advance(12, snapshots)
    numbers: dict[str, Any] = {}
    for kind in (engine.state, snapshots):
        for group, array in kind._asdict().items():
            for name in array.dtype.names or [""]:
                numbers[f"{type(kind).__name__} {group}.{name}"] = np.asarray(array[name] if name else array).tolist()
    streams = {name: getattr(engine.streams, name).bit_generator.state["state"] for name in Streams._fields}
    return {"numbers": numbers, "streams": json.loads(json.dumps(streams))}


def test_compilation_changes_nothing():
    """Run uncompiled, the core draws the very same luck, decides alike, and differs in the last bits of some sums."""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    for changes, plain in zip(LIVELY, json.loads(result.stdout), strict=True):
        compiled = transcript(changes)
        assert plain["streams"] == compiled["streams"]
        for name, values in compiled["numbers"].items():
            theirs, ours = np.array(plain["numbers"][name]), np.array(values)
            if ours.dtype.kind == "i":
                assert theirs.tolist() == ours.tolist(), name
            else:
                np.testing.assert_allclose(theirs, ours, rtol=1e-10, atol=1e-12, err_msg=name)
        assert sum(compiled["numbers"]["State totals.offences"]) > 0


def test_one_compilation_serves_every_scenario():
    for design in designs():
        Engine(Scenario.preset(design), 1).advance(1)
    for changes in (
        *LIVELY,
        {"number_of_delegators": 0, "number_of_rangers": 0, "possible_rangers": 0, "number_of_apps": 0},
    ):
        Engine(Scenario(**{**SMALL, **changes}), 1).advance(2)
    simulate(Scenario(**SMALL), seed=np.int64(3), epochs=np.int64(4), record_every=2)
    assert len(advance.signatures) == 1
    assert len(observe.signatures) <= 1 >= len(total.signatures)  # none, if a cache had them within `advance`


def kernels() -> list[tuple[str, Kernel]]:
    found = []
    for module in pkgutil.iter_modules(model.core.__path__):
        name = f"{model.core.__name__}.{module.name}"
        for attribute, value in vars(importlib.import_module(name)).items():
            if isinstance(value, Kernel) and value.py_func.__module__ == name:
                found.append((f"{module.name}.{attribute}", value))
    return found


def test_the_core_has_kernels():
    assert len(kernels()) > 60


@pytest.mark.parametrize(("name", "function"), [(name, f) for name, f in kernels() if "._" not in name])
def test_a_public_kernel_says_what_it_does(name, function):
    text = function.py_func.__doc__
    assert text, f"{name} has no docstring"
    assert text.split("\n\n")[0].strip().endswith((".", ":"))


PHASES = ["market", "selection", "conduct", "verification", "sanctions", "rewards", "learning", "delegation", "entry"]


@pytest.mark.parametrize("phase", [*PHASES, "attack", "users", "record"])
def test_a_phase_says_what_it_writes_and_draws(phase):
    (function,) = (f for name, f in kernels() if name.split(".")[1] == phase)
    assert "Writes" in function.py_func.__doc__
    assert "Draws" in function.py_func.__doc__
