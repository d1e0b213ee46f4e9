"""How a kernel that only kernels call is compiled: up to where it can be linked into them, and no further.

numba would optimise it in full with all that it calls, and make machine code of it that nobody runs: a kernel that
Python calls is optimised together with everything below it once more. Without that the core compiles in a little over
half the time, to kernels as fast. What is overridden here is no public interface of numba, so `model.core.compiled`
asks for it only with the version of numba for which it was written.

Two things linked kernels cannot do, which numba's own can: call each other in a circle, and call themselves with
arguments of other types.
"""

from typing import Any

from numba import types
from numba.core.codegen import JITCodeLibrary, RuntimeLinker
from numba.core.compiler import Compiler
from numba.core.errors import UnsupportedError


class _Part(JITCodeLibrary):
    """The code of one kernel and of those it calls, to be linked: simplified, not optimised, and no machine code."""

    def _optimize_final_module(self):
        passes, builder = self._codegen._module_pass_manager(
            loop_vectorize=False, slp_vectorize=False, opt=0, cost="cheap"
        )
        passes.run(self._final_module, builder)

    def _finalize_final_module(self):
        if any(value.name.startswith(RuntimeLinker.PREFIX) for value in self._final_module.global_variables):
            raise UnsupportedError(f"{self.name}: kernels that call each other in a circle cannot be linked")
        self._finalized = True

    @property
    def codegen(self):
        return self

    def set_env(self, name, environment):
        """Leave it to the entrance, in whose machine code the name will be."""


class Linked(Compiler):
    """Compiles a function for others to call, not for Python."""

    def define_pipelines(self):
        """Return the usual steps, on code of our own kind."""
        self.state.library = _Part(self.state.targetctx.codegen(), self.state.func_id.func_qualname)
        return super().define_pipelines()


class Entrance(Compiler):
    """Compiles a function for Python to call, which may call linked ones."""

    def compile_extra(self, function):
        """Return it compiled, and give linked functions the environments from which they make the texts of errors."""
        result = super().compile_extra(function)
        for environment in result._find_referenced_environments():
            result.library.codegen.set_env(environment.env_name, environment)
        return result


def indifferent(dispatcher: Any) -> Any:
    """Return a compiled function that is compiled once for an argument, be it a variable, a constant or an option."""
    template = dispatcher.get_call_template

    def of_kinds(arguments, named):
        return template(tuple(map(_kind, arguments)), {name: _kind(argument) for name, argument in named.items()})

    dispatcher.get_call_template = of_kinds
    return dispatcher


def _kind(argument):
    return argument.dtype if isinstance(argument, types.IntEnumMember) else types.unliteral(argument)
