"""What the model costs, every figure beside another of the same run: `make bench` writes docs/benchmarks.md.

Reading order: `race` (how anything is timed), then what is timed: of the model `speed`, `blockwise`, `variates`,
`growth`, `starts`, of sweeps `sweeps`, `storage`, `peers`; `report` draws the table.
"""
