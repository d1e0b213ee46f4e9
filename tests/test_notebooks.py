"""Notebooks run from top to bottom, print what was committed, and say in words what they print."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpec
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SECONDS_PER_CELL = 600
ANSWER = "**Answer.**"
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[-+]\d+)?(?!\w|\.\d)")
PLACE = re.compile(r"/(?:home|root|tmp|usr|opt|Users)/|[A-Z]:\\|0x[0-9a-f]{6}")


class ThisPython(AsyncKernelManager):
    """A kernel of the interpreter that runs the tests, whatever the machine calls python3."""

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"])


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def committed(request: pytest.FixtureRequest) -> Any:
    return nbformat.read(request.param, as_version=4)


def shown(cell: Any) -> str:
    """Return what a cell prints, and its results as plain text; warnings are the machine's, and left out."""
    outputs = [output for output in cell.get("outputs", []) if output.get("name") != "stderr"]
    texts = [output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in outputs]
    return " ".join(" ".join(texts).split())


def last_digit(number: str) -> float:
    """Return what one more in the last printed digit adds."""
    digits, _, power = number.partition("e")
    return 10.0 ** (int(power or 0) - len(digits.partition(".")[2]))


def numbers(text: str) -> set[float]:
    """Return the sizes of the numbers in a text."""
    return {abs(float(number)) for number in NUMBER.findall(text)}


def agree(before: str, now: str) -> bool:
    """Tell whether two texts agree in every word and, but for one in the last printed digit, in every number."""
    if NUMBER.sub("#", before) != NUMBER.sub("#", now):
        return False
    pairs = zip(NUMBER.findall(before), NUMBER.findall(now), strict=True)
    return all(abs(float(a) - float(b)) < 1.001 * max(last_digit(a), last_digit(b)) for a, b in pairs)


def test_agreement_is_that_of_printed_digits():
    assert agree("price 3.27 USD, -1.50e+02", "price 3.28 USD, -1.51e+02")
    assert not agree("price 3.27 USD", "price 3.29 USD")
    assert not agree("price 3.27 USD", "price nan USD")
    assert not agree("price 3.27 USD", "price 3.27 tokens")
    assert not agree("node 1 2", "node 1")


def test_there_are_notebooks():
    assert NOTEBOOKS


def test_it_prints_what_was_committed(committed, tmp_path, monkeypatch):
    """On another processor a run may differ in the last digits; more than one in the last printed is a change."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    for setting in ("MPLBACKEND", "NUMBA_DISABLE_JIT"):
        monkeypatch.delenv(setting, raising=False)
    executed = nbformat.from_dict(committed)
    where = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(executed, timeout=SECONDS_PER_CELL, kernel_manager_class=ThisPython, resources=where).execute()
    stale = [
        f"{before.id}\n  was {shown(before)}\n  is  {shown(now)}"
        for before, now in zip(committed.cells, executed.cells, strict=True)
        if not agree(shown(before), shown(now))
    ]
    assert not stale, "\n".join(["run `make notebooks` and bring the answers up to date; cells that changed:", *stale])
    assert not list(tmp_path.iterdir()), "a notebook leaves no files"


def test_its_answers_are_in_the_numbers_that_it_prints(committed):
    known: set[float] = set()
    answers = [cell for cell in committed.cells if cell.source.startswith(ANSWER)]
    assert answers
    for cell in committed.cells:
        if cell.cell_type == "code":
            known |= numbers(f"{cell.source} {shown(cell)}")
        elif cell in answers:
            said = numbers(cell.source)
            assert said, f"{cell.id} answers without a number"
            assert said <= known, f"{cell.id} says {sorted(said - known)}, which no cell above it prints"


def test_it_is_committed_clean(committed):
    """Executed once from top to bottom, without a word of the machine it ran on, of errors or of times."""
    code = [cell for cell in committed.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert committed.metadata.kernelspec.name == "python3"
    assert "widgets" not in committed.metadata
    for cell in code:
        assert "execution" not in cell.metadata, f"{cell.id} carries the times of its execution"
        for output in cell.outputs:
            assert output.output_type != "error"
            assert output.get("name") != "stderr", f"{cell.id} warns: {output.get('text')}"
            text = " ".join(str(part) for kind, part in output.get("data", {}).items() if kind.startswith("text"))
            assert not PLACE.search(f"{text} {output.get('text', '')}"), f"{cell.id} names a place of the machine"
