"""Rules broken on purpose: `verify` sees each, in the case that is about it.

A copy of the model is broken and run without compilation, which would take longer than the few small cases.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent


class Mutant(NamedTuple):
    """A rule, how it is broken, and the case that must see it."""

    file: str
    rule: str
    broken: str
    case: str


MUTANTS = {
    "detection exponent, of reports": Mutant(
        "verification.py", "range(work.chance.size - 1, -1, -1)", "range(work.chance.size - 1, 0, -1)", "detection"
    ),
    "detection exponent, of published coverage": Mutant(
        "verification.py", "out[a] = 1.0 - missed", "out[a] = 1.0 - missed**1.1", "belief"
    ),
    "detection exponent, as advertised": Mutant("policy.py", "** seated", "** (seated + 1)", "reservation_value"),
    "slash base, as taken": Mutant(
        "ledger.py", "delegated = fraction * node.pool", "delegated = 0.9 * fraction * node.pool", "slash_base"
    ),
    "slash base, as feared": Mutant(
        "policy.py", "node.self_stake + rules.stake_alignment * node.pool", "node.self_stake", "reservation_value"
    ),
    "bounty split": Mutant("verification.py", "* work.found[k] / reporters", "* work.found[k]", "bounty_split"),
    "belief update": Mutant(
        "learning.py", "rules.evidence_keep * node.uncaught[a] + misses", "node.uncaught[a] + misses", "belief"
    ),
    "span weights": Mutant("selection.py", "np.sqrt(counted(node, rules))", "counted(node, rules)", "blocks_by_weight"),
}  # fmt: skip
QUICK_CASES = sorted({mutant.case for mutant in MUTANTS.values()})


def verified(folder: Path, *cases: str) -> subprocess.CompletedProcess[str]:
    """Verify cases with the model that lies in a folder."""
    places = {"PYTHONPATH": str(ROOT), "NUMBA_DISABLE_JIT": "1", "NUMBA_CACHE_DIR": str(folder / "cache")}
    return subprocess.run(
        [sys.executable, "-m", "experiments", "verify", *cases, "--quick", "--workers", "1"],
        cwd=folder, env=os.environ | places, capture_output=True, text=True,
    )  # fmt: skip


@pytest.fixture
def copied(tmp_path) -> Path:
    shutil.copytree(ROOT / "model", tmp_path / "model", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_rule_is_seen_by_the_case_that_is_about_it(name, copied):
    mutant = MUTANTS[name]
    path = copied / "model" / "core" / mutant.file
    source = path.read_text()
    assert source.count(mutant.rule) == 1, f"{mutant.file} has the rule in other words now"
    path.write_text(source.replace(mutant.rule, mutant.broken))
    done = verified(copied, mutant.case)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"{mutant.case} (" in done.stdout.splitlines()[-1]
    assert "differs" in done.stdout


def test_an_unbroken_copy_passes(copied):
    done = verified(copied, *QUICK_CASES)
    assert done.returncode == 0, done.stdout + done.stderr
