"""Theory recovered: every case in its quick form, what makes a verdict, and what cannot be asked."""

from __future__ import annotations

import itertools
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from experiments.errors import ExperimentError
from experiments.verify.case import QUICK_POINTS, Case
from experiments.verify.catalog import CASES, chosen_cases
from experiments.verify.running import ERROR, LEAST_POWER, Sample, failures, seed_of, verdict, verify
from model import Scenario
from model.parameters import ScenarioError
from model.theory import ConditionError

ROOT = Path(__file__).parent.parent
RUNS = 400


@pytest.mark.parametrize("name", CASES)
def test_the_engine_does_what_theory_says_and_an_error_of_five_percent_would_show(name):
    """Fixed seeds. Beyond them, a point of a correct engine fails once in 10,000."""
    table = verify([CASES[name]], quick=True, workers=1)
    assert len(table) == QUICK_POINTS
    assert failures(table).empty, table.drop(columns="scenario").to_string()


def test_there_are_a_dozen_cases_of_five_points_at_least():
    assert len(CASES) >= 12
    for case in CASES.values():
        assert len(case.scenarios()) >= 5, case.name
        assert case.claim.endswith("."), case.name


def sampled(shift: float, spread: float) -> Sample:
    """Return replicates whose mean is off by exactly `shift`, with a standard error of `spread`."""
    noise = np.tile([1.0, -1.0], RUNS // 2)
    noise *= spread * np.sqrt(RUNS) / noise.std(ddof=1)
    return Sample(np.ones(RUNS), 1.0 + shift + noise, np.ones(RUNS))


@pytest.mark.parametrize(
    ("shift", "spread", "words"),
    [(0.0, 0.005, "agrees"), (0.019, 0.005, "agrees"), (0.021, 0.005, "differs"), (-0.021, 0.005, "differs"),
     (0.0, 0.009, "too noisy"), (0.05, 0.009, "differs"), (0.0, 0.0, "agrees"), (1e-9, 0.0, "differs")],
)  # fmt: skip
def test_a_point_agrees_within_four_standard_errors_that_are_small_enough(shift, spread, words):
    row = verdict(CASES["detection"], sampled(shift, spread))
    assert row["verdict"] == words
    assert row["difference"] == pytest.approx(shift, abs=1e-12)
    if spread > 0:
        assert row["z"] == pytest.approx(shift / spread)
        assert row["power"] == pytest.approx(ERROR / spread)
        assert (row["power"] >= LEAST_POWER) == (spread <= ERROR / LEAST_POWER)


def test_where_nothing_happens_nothing_is_recovered():
    row = verdict(CASES["detection"], Sample(np.zeros(RUNS), np.zeros(RUNS), np.zeros(RUNS)))
    assert (row["power"], row["verdict"]) == (0.0, "too noisy")


@pytest.mark.parametrize(("shift", "words"), [(0.9e-9, "exact"), (1.1e-9, "differs"), (-1.1e-9, "differs")])
def test_a_deterministic_point_keeps_its_tolerance(shift, words):
    case = CASES["slash_base"]
    assert case.tolerance == 1e-9
    assert verdict(case, Sample(np.ones(1), np.array([1.0 + shift]), np.ones(1)))["verdict"] == words


def test_every_run_has_a_seed_of_its_own():
    seeds = [seed_of(*place) for place in itertools.product(("detection", "payoff"), ("a 1", "a 2"), range(2_000))]
    assert len(set(seeds)) == len(seeds)


def test_workers_change_nothing():
    one, two = (verify(chosen_cases(["slash_base", "proof_of_sampling"]), quick=True, workers=n) for n in (1, 2))
    assert one.equals(two)


def test_a_row_has_all_that_it_takes_to_repeat_it():
    case = CASES["blocks_by_weight"]
    row = verify([case], {"selection": "equal", "blocks_per_span": 100}, quick=True, workers=1).iloc[0]
    values = tomllib.loads(row["scenario"].replace("; ", "\n"))
    assert [Scenario(**values)] == list(case.scenarios({"selection": "equal", "blocks_per_span": 100}).values())


def ask(name: str, **settings: object) -> None:
    case: Case = CASES[name]
    verify([case], settings, quick=True, workers=1)


@pytest.mark.parametrize(
    ("name", "settings", "parts"),
    [
        ("detection", {"honest_fault_rate": 1.0}, ["honest_fault_rate = 1.0", "assumes 0.0", "number_of_rangers"]),
        ("attention_tests", {"trap_penalty": 1e-3}, ["penalty = 0.001", "raise it to the cost of a check"]),
    ],
)
def test_a_case_outside_its_conditions_names_the_condition(name, settings, parts):
    with pytest.raises(ConditionError) as error:
        ask(name, **settings)
    assert all(part in str(error.value) for part in parts)


def test_unknown_names_are_named():
    with pytest.raises(ExperimentError, match="did you mean 'detection'"):
        chosen_cases(["detecton"])
    with pytest.raises(ScenarioError, match="did you mean 'enforcement'"):
        ask("incapacitation", enforcemnt=1.0)


def command(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from experiments.__main__ import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, "verify", *arguments], cwd=folder, capture_output=True, text=True
    )


def test_the_command_line_shows_the_table_and_writes_it(tmp_path):
    done = command("slash_base", "--quick", "--out", "tables/cases.csv", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert CASES["slash_base"].claim in " ".join(done.stdout.split())
    assert "theory is recovered at all of them" in done.stdout
    assert (tmp_path / "tables" / "cases.csv").read_text().count("\n") == 1 + QUICK_POINTS


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["detecton"], ["unknown case 'detecton'", "did you mean 'detection'"]),
        (["--set", "number_of_rangers=7"], ["name it"]),
        (["detection", "--set", "honest_fault_rate=1"], ["honest_fault_rate = 1", "assumes 0.0"]),
        (["detection", "--set", "number_of_rangers=-1"], ["number_of_rangers = -1", "from 0 to"]),
        (["--workers=-1"], ["workers = -1", "above zero"]),
        (["--workers", "0"], ["workers = 0", "above zero"]),
        (["--out", "."], ["--out .", "that is a folder"]),
        (["--out", "/proc/no/cases.csv"], ["/proc/no", "--out"]),
    ],
)
def test_a_mistake_is_one_line(arguments, parts, tmp_path):
    done = command(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert all(part in done.stderr for part in parts)


def test_the_list_names_every_case(tmp_path):
    done = command("--list", folder=tmp_path)
    assert all(f"{case.name} " in done.stdout and case.claim in done.stdout for case in CASES.values())
