"""How kernels are compiled: cached on disk, without the interpreter lock, in a cache that knows its own sources.

numba looks only at the file of the function itself when it decides whether a cached kernel is still good, so a rule
edited in `conduct` would leave a stale `advance`. The cache folder therefore carries a digest of all of core,
and the version of numpy, whose variates the kernels draw.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache, cached_property, update_wrapper
from pathlib import Path
from types import FunctionType
from typing import Any

import numba
import numpy as np

CORE = Path(__file__).parent

LINKED_BY = (0, 68)
"""The numba with which kernels are linked (`model.core.linking`); with others they compile as numba would."""


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


class Kernel:
    """A function of core as other kernels call it, and as Python does, each compiled when first needed.

    The way in from Python unpacks every array of a state: it takes as long to compile as most kernels themselves, and
    few are ever called from Python.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        """Make a kernel of a plain function, which stays as `py_func`."""
        update_wrapper(self, function)
        self.py_func = function
        self._within = _compile_for_kernels(function)
        self._numba_type_ = self._within._numba_type_  # by this other kernels know it

    @cached_property
    def _from_python(self) -> Any:
        plain = self.py_func
        entrance = FunctionType(plain.__code__, plain.__globals__, plain.__name__, plain.__defaults__)
        entrance.__module__ = plain.__module__
        entrance.__qualname__ = f"{plain.__qualname__}.from_python"  # a cache of its own
        return _compile_for_python(entrance)

    @property
    def signatures(self) -> list[Any]:
        """The types of arguments it was compiled for."""
        return [*dict.fromkeys([*self._within.signatures, *self._from_python.signatures])]

    def __call__(self, *arguments: Any) -> Any:
        """Run it, from Python."""
        return self._from_python(*arguments)


def are_linked() -> bool:
    """Return whether kernels that only kernels call are linked, which takes the numba for which that was written."""
    return tuple(numba.version_info[:2]) == LINKED_BY


def _compile_for_kernels(function: Callable[..., Any]) -> Any:
    if not are_linked():
        return _compile(function, no_cpython_wrapper=True)
    from model.core.linking import Linked, indifferent

    return indifferent(_compile(function, no_cpython_wrapper=True, cache=False, pipeline_class=Linked))


def _compile_for_python(function: Callable[..., Any]) -> Any:
    if not are_linked():
        return _compile(function)
    from model.core.linking import Entrance

    return _compile(function, pipeline_class=Entrance)


def _compile(function: Callable[..., Any], **options: Any) -> Any:
    usual = {"cache": True, "nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
    return numba.njit(**usual | options)(function)


def kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function of core; with NUMBA_DISABLE_JIT set, leave it as it is."""
    return function if numba.config.DISABLE_JIT else Kernel(function)
