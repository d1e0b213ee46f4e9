"""Kernels that only kernels call are linked, not finished; with another numba they are compiled as it would."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba.core.errors import UnsupportedError

from model.core.compiled import LINKED_BY, are_linked, kernel
from model.core.options import Offence

ROOT = Path(__file__).parent.parent
PROGRAM = """
import json, sys
from model.core import compiled
if sys.argv[1] == "another":
    compiled.LINKED_BY = (9, 0)
import numpy as np
from tests.test_linking import root, roots
values, told = np.array([4.0, 9.0, 25.0]), ""
sums = [roots(values, a) for a in range(3)]
try:
    roots(-values, 2)
except ValueError as error:
    told = str(error)
libraries = [type(made.library).__name__ for made in root._within.overloads.values()]
print(json.dumps([sums, told, libraries, len(roots.signatures)]))
"""


@kernel
def root(values, a):
    """Return the root of one of some values."""
    if values[a] < 0.0:
        raise ValueError(f"a root of number {a}")
    return np.sqrt(values[a])


@kernel
def roots(values, a):
    """Return a sum of roots: of one that is given, of one that is constant, of an option."""
    return root(values, a) + root(values, 1) + root(values, Offence.CENSOR)


@kernel
def even(count):
    """Return whether a count is even."""
    return True if count == 0 else odd(count - 1)


@kernel
def odd(count):
    """Return whether a count is odd."""
    return False if count == 0 else even(count - 1)


def test_a_circle_of_kernels_is_refused():
    """In words, where linked code would jump to nowhere."""
    with pytest.raises(UnsupportedError, match="call each other in a circle"):
        even(4)


@pytest.mark.parametrize(("version", "libraries"), [("this", ["_Part"]), ("another", ["JITCodeLibrary"] * 3)])
def test_a_kernel_of_kernels_is_compiled_once_and_to_the_same_results(version, libraries, tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_DISABLE_JIT": "0", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PROGRAM, version]
    for compiled in libraries, []:  # the second time everything is in the cache of `roots`
        result = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout) == [[10.0, 11.0, 13.0], "a root of number 2", compiled, 1]


def test_kernels_are_linked():
    """A newer numba only compiles them more slowly; try it with this suite, and name it."""
    assert are_linked(), f"numba is not {LINKED_BY}"
