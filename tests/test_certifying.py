"""The command `equilibrium`: what it prints of a design or a file, and one line for every mistake."""

import re
import sys
import warnings
from collections.abc import Callable

import pandas as pd
import pytest

from experiments.__main__ import main
from experiments.question import CATALOG

INSPECTION = CATALOG / "scenarios" / "inspection.toml"
FEW = ("--epochs", "60", "--horizon", "20", "--worlds", "4")
SMALL = ("--set", "number_of_delegators=20", "--set", "blocks_per_epoch=200")
MINE = 'base = "metis"\nnumber_of_delegators = 20\nblocks_per_epoch = 200\n'


@pytest.fixture
def equilibrium(monkeypatch, capsys, tmp_path) -> Callable[..., tuple[str, str, int]]:
    """The command, run in a folder of its own: returns what it prints, what it complains of, and its exit status."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)

    def run(*arguments: str) -> tuple[str, str, int]:
        monkeypatch.setattr(sys, "argv", ["rangefinder", "equilibrium", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return (*capsys.readouterr(), ended.value.code)

    return run


@pytest.fixture
def certified(equilibrium) -> Callable[..., str]:
    """The command where all is well: returns what it prints."""

    def run(*arguments: str) -> str:
        said, complaints, status = equilibrium(*arguments)
        assert (complaints, status) == ("", 0)
        return said

    return run


def test_where_it_cannot_write_is_said_before_it_runs(equilibrium, tmp_path):
    said, complaints, status = equilibrium("metis", *SMALL, *FEW, "--out", ".")
    assert (said, status) == ("", 2)
    assert complaints == "error: --out .: that is a folder; give a file\n"


def test_a_design_gets_findings_a_table_of_roles_and_an_epsilon(certified, tmp_path):
    said = certified("metis", *SMALL, *FEW, "--out", "deep/roles.csv")
    for policy in ("detection that sequencers reckon with", "commission", "diligence"):
        assert re.search(rf"^{policy} has settled at [\d.e-]+$", said, re.MULTILINE)
    assert "95 % intervals hold for all roles at once" in said
    epsilon, width = re.search(r"An epsilon-equilibrium with epsilon = ([\d.]+) ± ([\d.]+) % of a seq", said).groups()
    roles = pd.read_csv(tmp_path / "deep" / "roles.csv")
    income = roles.loc[roles["role"].str.endswith(" sequencer"), "income"].mean()
    own = roles[roles["kind"] == "alone"].iloc[0]
    assert float(epsilon) == pytest.approx(max(0.0, 100 * own["gain"] / income), abs=0.051)
    assert float(width) == pytest.approx(100 * own["half_width"] / income, abs=0.051)
    assert f"the {own['role']} {own['deviation']}." in said
    assert said.endswith("deep/roles.csv\n")


def test_a_file_of_ones_own_is_the_design_that_it_changes(certified, tmp_path):
    (tmp_path / "mine.toml").write_text(MINE)
    mine = certified("mine.toml", "--set", "slash_fraction=0.5", *FEW, "--seed", "5")
    same = certified("metis", *SMALL, "--set", "slash_fraction=0.5", *FEW, "--seed", "5")
    assert mine.replace("mine", "metis") == same
    assert mine != certified("mine.toml", *FEW, "--seed", "5")


def test_what_goes_round_is_told_with_period_and_amplitude_and_has_no_epsilon(certified, tmp_path):
    """Rangers who remember two epochs and earn bounties alone overshoot, every eleven epochs or so."""
    said = certified(
        str(INSPECTION),
        "--set",
        "prior_misconduct=0.01",
        "--set",
        "memory=2",
        "--worlds",
        "8",
        "--out",
        "x.csv",
    )
    period, amplitude, level = map(
        float,
        re.search(r"^diligence goes round in (\d+) epochs by ±([\d.]+) about ([\d.]+)$", said, re.MULTILINE).groups(),
    )
    assert period == pytest.approx(11, abs=1)
    assert amplitude == pytest.approx(0.39, abs=0.04)
    assert level == pytest.approx(0.42, abs=0.04)
    assert "inspection has not settled, so no epsilon is given: " in said
    assert "epsilon-equilibrium" not in said
    assert not (tmp_path / "x.csv").exists()


def test_where_sequencers_earn_nothing_there_is_nothing_to_measure_a_gain_by(certified):
    said = certified("metis", *SMALL, *FEW, "--set", "sequencer_cost=1000000", "--set", "exit_rate=0")
    assert "metis has settled, but no sequencer " in said
    assert "epsilon-equilibrium" not in said


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["metiz"], ["unknown design 'metiz'", "did you mean 'metis'"]),
        (["nowhere.toml"], ["cannot read nowhere.toml"]),
        (["broken.toml"], ["broken.toml", "not valid TOML"]),
        ([], ["NAME_OR_FILE"]),
        (["metis", "--worlds", "0"], ["worlds = 0", "above zero"]),
        (["metis", "--epochs", "-1"], ["epochs = -1"]),
        (["metis", "--horizon", "x"], ["'--horizon'", "'x'", "whole number"]),
        (["metis", "--seed", "-1"], ["seed = -1"]),
        (["metis", "--set", "slash_fracton=1"], ["'slash_fracton'", "did you mean 'slash_fraction'"]),
        (["metis", "--set", "slash_fraction=7"], ["slash_fraction = 7", "from 0 to 1"]),
        (["metis", "--set", "slash_fraction"], ["NAME=VALUE"]),
        (["metis", "--set", "token_supply=1000", *FEW], ["token_supply = 1000"]),
        (["metis", "--out", "broken.toml/roles.csv"], ["cannot write to broken.toml", "--out"]),
    ],
)
def test_a_mistake_ends_in_one_line_and_nothing_is_written(equilibrium, tmp_path, arguments, parts):
    (tmp_path / "broken.toml").write_text("base = \n")
    said, complaint, status = equilibrium(*arguments)
    assert (said, status) == ("", 2)
    assert complaint.startswith("error: ")
    assert complaint.count("\n") == 1
    for part in parts:
        assert part in complaint
    assert [path.name for path in tmp_path.iterdir()] == ["broken.toml"]
