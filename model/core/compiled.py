"""How kernels are compiled: cached on disk, without the interpreter lock, in a cache that knows its own sources.

numba looks only at the file of the function itself when it decides whether a cached kernel is still good, so a rule
edited in `conduct` would leave a stale `advance`. The cache folder therefore carries a digest of all of core,
and the version of numpy, whose variates the kernels draw.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np

CORE = Path(__file__).parent


@cache
def digest(folder: Path = CORE.parent) -> str:
    """Return a digest of the sources below a folder; of all the model, it is what results depend on beside the seed."""
    text = b"".join(path.name.encode() + path.read_bytes() for path in sorted(folder.rglob("*.py")))
    return hashlib.sha256(text).hexdigest()[:12]


def _cache_folder() -> Path:
    chosen = os.environ.get("NUMBA_CACHE_DIR")
    base = Path(chosen) if chosen else CORE / "__pycache__"
    try:
        base.mkdir(parents=True, exist_ok=True)
        writable = os.access(base, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        base = Path(tempfile.gettempdir()) / f"rangefinder-{os.getuid()}"
    return base / f"kernels-{digest(CORE)}-numpy-{np.__version__}"


numba.config.CACHE_DIR = str(_cache_folder())


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of core."""
    return numba.njit(cache=True, nogil=True, error_model="numpy")(function)
