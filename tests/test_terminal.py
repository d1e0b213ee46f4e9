"""What the command line draws: times, sizes, progress where there is a terminal and only there, tables."""

import io
import re
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from experiments import Design, sweep
from experiments.sweeps.progress import Progress
from experiments.terminal import SIZES, drawn, duration, note, plain, progress_bar, size
from model.parameters import Scenario

SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
SOME: dict[str, Any] = {
    "done": 3, "total": 10, "failed": 0, "rate": 2.5, "seconds_left": 2.8, "bytes_left": 9_000, "precise": None,
    "points": 2,
}  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (45.4, "45 s"),
        (89, "89 s"),
        (90, "2 min"),
        (719, "12 min"),
        (3599, "1 h 0 min"),
        (12_000, "3 h 20 min"),
        (172_700, "47 h 58 min"),
        (172_800, "2 d 0 h"),
        (187_200, "2 d 4 h"),
    ],
)
def test_a_time_has_its_two_largest_units(seconds, words):
    assert duration(seconds) == words


@given(st.floats(0, 1e9))
def test_a_time_in_words_is_the_time_to_within_the_smaller_unit(seconds):
    parts = re.findall(r"(\d+) (s|min|h|d)", duration(seconds))
    assert duration(seconds) == " ".join(f"{number} {unit}" for number, unit in parts)
    told = sum(int(number) * SECONDS[unit] for number, unit in parts)
    assert abs(told - seconds) <= SECONDS[parts[-1][1]]


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"), (512, "512 B"), (999, "999 B"), (1_000, "1.0 kB"), (9_949, "9.9 kB"), (9_950, "10 kB"),
        (99_600, "100 kB"), (999_499, "999 kB"), (999_500, "1.0 MB"), (1_400_000, "1.4 MB"), (31e9, "31 GB"),
        (5e15, "5000 TB"),
    ],
)  # fmt: skip
def test_a_size_has_two_digits_and_a_unit(count, words):
    assert size(count) == words


@given(st.integers(0, 10**15 - 1))
def test_a_size_in_words_is_the_size_to_within_a_twentieth(count):
    number, unit = size(count).split()
    assert "e" not in number
    assert float(number) * 1000 ** SIZES.index(unit) == pytest.approx(count, rel=0.05, abs=0.5)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "2.5 runs/s, 3 s left"),
        ({"rate": 0.0123, "seconds_left": 570}, "0.012 runs/s, 10 min left"),
        ({"rate": 123.4}, "123 runs/s, 3 s left"),
        ({"failed": 2}, "2.5 runs/s, 3 s left, 2 failed"),
        ({"precise": 1}, "2.5 runs/s, 3 s left, 1 of 2 points precise"),
        ({"precise": 0, "failed": 1}, "2.5 runs/s, 3 s left, 0 of 2 points precise, 1 failed"),
    ],
)
def test_a_note_has_rate_time_left_precision_and_failures(changes, words):
    assert note(Progress(**{**SOME, **changes})) == words


class Screen(io.StringIO):
    """A standard error that is a terminal."""

    def isatty(self) -> bool:
        return True

    @property
    def words(self) -> str:
        """What was written, without colours and movements."""
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.getvalue())


def screen(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """Make standard error a terminal of 120 columns and return it."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    found = Screen()
    monkeypatch.setattr(sys, "stderr", found)
    return found


def some_progress() -> None:
    with progress_bar() as show:
        show(Progress(**SOME))
        show(Progress(**{**SOME, "done": 10, "seconds_left": 0.0}))


def test_a_terminal_is_told_what_to_expect_once_and_how_far_it_is(monkeypatch):
    terminal = screen(monkeypatch)
    some_progress()
    text = terminal.words
    assert text.count("7 runs: about 3 s and 9.0 kB of disk") == 1
    assert "10/10" in text
    assert "2.5 runs/s, 0 s left" in text


def test_what_is_no_terminal_is_told_nothing(monkeypatch):
    """Nor does progress go to standard output, terminal or not."""
    output = screen(monkeypatch)
    monkeypatch.setattr(sys, "stdout", output)
    quiet = io.StringIO()
    monkeypatch.setattr(sys, "stderr", quiet)
    some_progress()
    assert quiet.getvalue() == ""
    assert output.getvalue() == ""


def test_a_sweep_draws_its_progress(monkeypatch):
    terminal = screen(monkeypatch)
    small = Scenario(number_of_delegators=20, blocks_per_epoch=200)
    with progress_bar() as show:
        sweep(small, Design.grid(expel=[True, False]), replicates=3, epochs=4, seed=1, workers=1, progress=show)
    assert re.search(r"4 runs: about \d+ s and \d", terminal.words)
    assert "6/6" in terminal.words


def shown(table: pd.DataFrame, title: str) -> str:
    """Return what a terminal shows of a table."""
    console = Console(file=io.StringIO(), width=120)
    console.print(drawn(table, title, plain))
    return console.file.getvalue()


def cells(text: str) -> list[list[str]]:
    """Return the words of the rows of a drawn table."""
    return [[cell.strip() for cell in re.split("[│┃]", line)[1:-1]] for line in text.splitlines() if line[0] in "│┃"]


def test_a_table_of_two_axes_says_what_runs_down_and_across():
    index = pd.Index([0.001, 0.123456], name="slash_fraction")
    table = pd.DataFrame([[1.0, np.nan], [0.5, 1234.5]], index, pd.Index([True, False], name="top_up"))
    text = shown(table, "honesty")
    assert " ".join(text.split("┏")[0].split()) == "honesty: slash fraction down, top up across"
    assert cells(text) == [["", "True", "False"], ["0.001", "1.000", "-"], ["0.123", "0.500", "1,234"]]


def test_a_table_of_one_axis_has_its_name_over_the_first_column():
    table = pd.DataFrame({"user_harm": [0.25], "price": [31.0]}, pd.Index(["stake"], name="selection"))
    text = shown(table, "means over replicates")
    assert " ".join(text.split("┏")[0].split()) == "means over replicates"
    assert cells(text) == [["selection", "user harm", "price"], ["stake", "0.250", "31.000"]]


def test_points_of_several_axes_share_a_cell():
    index = pd.MultiIndex.from_tuples([("stake", 0.5), ("equal", 0.25)], names=["selection", "clawback"])
    text = shown(pd.DataFrame({"price": [1.0, 2.0]}, index), "means")
    assert cells(text) == [["selection / clawback", "price"], ["stake / 0.5", "1.000"], ["equal / 0.25", "2.000"]]


@pytest.mark.parametrize(
    ("value", "words"), [(0.0, "0.000"), (-0.5, "-0.500"), (99.9994, "99.999"), (100.0, "100"), (-1e6, "-1,000,000")]
)
def test_a_number_has_three_decimals_or_none(value, words):
    assert plain(value) == words
