"""The compiled economy: arrays, small kernels, one ordered list of phases. Imports numpy and numba only.

Reading order: `epoch` (the list of phases), `state`, `ledger`, then the phases in the order in which they run.
"""
