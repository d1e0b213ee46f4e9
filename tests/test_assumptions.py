"""docs/assumptions.md says what the code says."""

from __future__ import annotations

import re

import pytest

from experiments.assumptions import PAGE, render
from experiments.explain import shown
from model.parameters import GROUPS, Scenario, parameter_names
from model.parameters.declaration import facts


def test_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == render(), "run `make docs`"


def test_a_choice_is_stated_once():
    stated = re.findall(r"^- \*\*(.+?)\*\*", render(), re.MULTILINE)
    assert len(stated) == len(set(stated)) > 40


@pytest.mark.parametrize("name", parameter_names())
def test_every_parameter_has_a_row_with_its_declaration(name):
    field = Scenario.model_fields[name]
    (row,) = [
        line for line in render().splitlines() if line.startswith(f"| `{name}` |") and str(field.description) in line
    ]
    assert row.count("|") == 8
    known = facts(field)
    if "low" in known and known["studied"] != (known["low"], known["high"]):
        assert f"| {' to '.join(map(shown, known['studied']))}{', log' if known['scale'] == 'log' else ''} |" in row
    source = re.sub(r"^assumption\b", "*assumption*", known["source"])
    assert source.split(", ")[0].split("https")[0] in row


def test_tables_are_whole():
    lines = render().splitlines()
    starts = [row for row, line in enumerate(lines) if line.startswith("| --- |")]
    assert len(starts) > len(GROUPS)
    for start in starts:
        columns = lines[start].count("|")
        assert lines[start - 1].count("|") == columns
        assert lines[start + 1].count("|") == columns
