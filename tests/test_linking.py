"""Kernels that only kernels call are linked, not finished; in a numba nobody tried they are compiled as it would."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from model.core.compiled import kernel
from model.core.linking import TRIED, within
from model.core.options import Offence

ROOT = Path(__file__).parent.parent
PROGRAM = """
import json, sys
from model.core import linking
if sys.argv[1] == "untried":
    linking.TRIED = (9, 0)
import numpy as np
from tests.test_linking import root, roots
values, told = np.array([4.0, 9.0, 25.0]), ""
sums = [roots(values, a) for a in range(3)]
try:
    roots(-values, 2)
except ValueError as error:
    told = str(error)
libraries = [type(compiled.library).__name__ for compiled in root._within.overloads.values()]
print(json.dumps([sums, told, libraries, len(roots.signatures)]))
"""


@kernel
def root(values, a):
    """Return the root of one of some values."""
    if values[a] < 0.0:
        raise ValueError("a root of less than nothing")
    return np.sqrt(values[a])


@kernel
def roots(values, a):
    """Return a sum of roots: of one that is given, of one that is constant, of an option."""
    return root(values, a) + root(values, 1) + root(values, Offence.CENSOR)


@pytest.mark.parametrize(("version", "library"), [("tried", "_Part"), ("untried", "JITCodeLibrary")])
def test_a_kernel_of_kernels_is_compiled_once_and_to_the_same_results(version, library, tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PROGRAM, version]
    for libraries in [library], []:  # the second time everything is in the cache of `roots`
        result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout) == [[10.0, 11.0, 13.0], "a root of less than nothing", libraries, 1]


def test_this_numba_was_tried():
    """A newer one only compiles more slowly; try it with this suite, and name it."""
    assert within().get("cache") is False, f"numba is not {TRIED}"
