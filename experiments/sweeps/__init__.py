"""Sweeps: every point of a design, many times over, in a store that survives what happens to its processes.

Reading order: `sweep` (what is asked), `plan` (which runs), `wanted` and `precision` (how many), `sweeping` and
`dispatch` (who runs what), `worker` (a batch), `store` and `parts` (what is kept), `reading` (tables, merge, export).
"""
