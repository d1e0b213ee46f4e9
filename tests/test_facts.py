"""Facts: declared whole, run as declared, judged by the stated rule, and written as they are."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments import ExperimentError
from experiments.facts.catalog import FACTS, chosen_facts
from experiments.facts.fact import Fact
from experiments.facts.running import check, one_run, row, seed_of, verdict
from experiments.facts.table import in_words, page, write
from model.parameters.idle import idle

ALONE = "service_overlap, service_income, service_profit and external_shock_rate"
IDLE_ON_PURPOSE: dict[str, list[str]] = {
    **dict.fromkeys(
        ("reward_rate_of_a_hundredth", "reward_rate_of_the_whole", "inflation_of_a_hundredth",
         "inflation_of_the_whole"), [ALONE],
    ),
    "front_running_of_encrypted": [
        "slash_fraction", "enforcement", "services", "service_overlap, service_income and external_shock_rate",
    ],
}  # fmt: skip
"""Fact -> what of its design it puts out of force: other services where it is about this one, fear where of sight."""

PAGE = Path(__file__).parent.parent / "docs" / "facts.md"


def made(**changes) -> Fact:
    known = {
        "name": "made", "statement": "It is made.", "measure": lambda run: 1.0, "design": "metis",
        "observed": (2.0, 3.0), "unit": "-", "source": "https://example.org", "confidence": "low", "kind": "predicted",
    }  # fmt: skip
    return Fact(**{**known, **changes})


@pytest.mark.parametrize("name", FACTS)
def test_a_fact_is_declared_whole(name):
    fact = FACTS[name]
    assert fact.statement.endswith(".")
    assert fact.kind in ("calibrated", "predicted")
    assert fact.confidence in ("high", "medium", "low")
    assert "http" in fact.source or "/" in fact.source
    assert fact.observed[0] <= fact.observed[1]
    assert fact.replicates >= 2
    for scenario in fact.scenarios():
        found = [re.split(" ha(?:s|ve) no effect", words)[0] for words in idle(scenario)]
        assert found == IDLE_ON_PURPOSE.get(name, [])


@pytest.mark.parametrize(
    ("observed", "tolerance", "mean", "width", "expected"),
    [
        ((2.0, 3.0), 0.0, 2.0, 0.5, "agrees"),
        ((2.0, 3.0), 0.0, 3.001, 0.0005, "misses"),
        ((2.0, 3.0), 0.0, 3.001, 0.002, "unclear"),
        ((2.0, 3.0), 0.1, 3.29, 0.0, "agrees"),
        ((2.0, 3.0), 0.1, 1.79, 0.001, "misses"),
        ((-2.0, -1.0), 0.1, -2.15, 0.0, "agrees"),
        ((0.0, 0.0), 0.1, 0.0, 0.0, "agrees"),
        ((2.0, 2.0), 0.0, float("nan"), 0.0, "misses"),
    ],
)
def test_the_verdict_is_the_stated_rule(observed, tolerance, mean, width, expected):
    assert verdict(made(observed=observed, tolerance=tolerance), mean, width) == expected


def test_a_miss_says_why_or_that_nobody_knows():
    assert row(made(), np.array([2.5, 2.5]))["why"] == ""
    assert row(made(why="because"), np.array([9.0, 9.0]))["why"] == "because"
    assert row(made(), np.array([9.0, 9.0]))["why"] == "not known"


def test_replicates_have_their_own_luck_and_the_same_each_time():
    seeds = {seed_of(name, replicate) for name in FACTS for replicate in range(3)}
    assert len(seeds) == 3 * len(FACTS)
    assert one_run("reward_rate_at_17_seconds", 0) == one_run("reward_rate_at_17_seconds", 0)


def test_the_reward_rate_follows_from_the_contract():
    """The arithmetic of the sources: reward per block, blocks a year and stake; nothing of the model is used."""
    table = check(chosen_facts(["reward_rate_at_12_seconds", "reward_rate_of_the_genesis_nodes"]), workers=1)
    expected = [0.01247842237 * 7_200 * 365 / 220_000, 0.000761 * 43_200 * 365 / 60_000]
    assert list(table["simulated"]) == pytest.approx(expected, rel=2e-3)
    assert list(table["verdict"]) == ["agrees", "agrees"]


def test_unknown_facts_are_refused_with_the_nearest():
    with pytest.raises(ExperimentError, match="did you mean 'stake_locked'"):
        chosen_facts(["stake_lock"])


def test_the_table_is_kept_as_it_is(tmp_path):
    table = pd.DataFrame([row(made(), np.array([2.5, 2.6])), row(made(kind="calibrated"), np.array([9.0, 9.1]))])
    assert in_words(table) == "Of 2 facts agree: 0 of 1 calibrated, 1 of 1 predicted."
    csv, parquet = write(table, tmp_path)
    pd.testing.assert_frame_equal(pd.read_parquet(parquet), table)
    assert list(pd.read_csv(csv)["simulated"]) == list(table["simulated"])
    assert page(table).count("| It is made. (`made`) |") == 2


@pytest.mark.parametrize("name", FACTS)
def test_the_page_has_every_fact_as_it_is_declared(name):
    fact = FACTS[name]
    (line,) = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if f"(`{name}`) |" in line]
    assert line.startswith(f"| {fact.statement} (`{name}`) |"), "run `make facts`"
    assert f"| {fact.source} ({fact.confidence}) |" in line
    assert f"| {fact.kind} |" in line


def test_a_note_is_said_of_what_agrees_too():
    (noted,) = chosen_facts(["fees_of_few_rollups"])
    table = pd.DataFrame([row(noted, np.array([0.5, 0.6])), row(made(), np.array([2.5, 2.6]))])
    remark = f"- `fees_of_few_rollups` agrees: {noted.note}"
    assert [line for line in page(table).splitlines() if line.startswith("- ")] == [remark]
    assert all(not fact.note or fact.note in PAGE.read_text(encoding="utf-8") for fact in FACTS.values())
