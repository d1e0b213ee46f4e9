"""How a kernel that only kernels call is compiled: up to where it can be linked into them, and no further.

numba would optimise it in full with all that it calls, and make machine code of it that nobody runs: a kernel that
Python calls is optimised together with everything below it once more. Without that the core compiles in half the time,
to kernels as fast. What is overridden here is no public interface of numba, so it is only done in the version where it
was tried; in others kernels compile as numba would, to the same results.
"""

from typing import Any

from numba import types, version_info
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler

TRIED = (0, 68)
"""The version of numba with which kernels were linked, and tested."""


class _Part(JITCodeLibrary):
    """The code of one kernel and of those it calls, to be linked: inlined and simplified, but no machine code."""

    def _optimize_final_module(self):
        passes, builder = self._codegen._module_pass_manager(
            loop_vectorize=False, slp_vectorize=False, opt=0, cost="cheap"
        )
        passes.run(self._final_module, builder)

    def _finalize_final_module(self):
        self._finalized = True

    @property
    def codegen(self):
        return self

    def set_env(self, name, environment):
        """Do nothing: globals of Python are looked up by functions that Python calls."""


class Linked(Compiler):
    """Compiles a function for others to call, not for Python."""

    def define_pipelines(self):
        """Return the usual steps, on code of our own kind."""
        self.state.library = _Part(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
        return super().define_pipelines()


def indifferent(dispatcher: Any) -> Any:
    """Return a compiled function that is compiled once for an argument, be it a variable, a constant or an option."""
    for_types = dispatcher.compile

    def for_kinds(arguments):
        return for_types(tuple(_kind(argument) for argument in arguments))

    dispatcher.compile = for_kinds
    return dispatcher


def _kind(argument):
    return argument.dtype if isinstance(argument, types.IntEnumMember) else types.unliteral(argument)


def within() -> dict[str, object]:
    """Return the options of numba by which kernels are compiled that only kernels call."""
    if tuple(version_info[:2]) == TRIED:
        return {"no_cpython_wrapper": True, "cache": False, "pipeline_class": Linked}
    return {"no_cpython_wrapper": True}
