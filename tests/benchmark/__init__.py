"""What the model costs, every figure beside another of the same run: `make bench` writes docs/benchmarks.md.

Reading order: `race` (how anything is timed), then what is timed: `speed`, `blockwise`, `variates`, `growth`, `starts`;
`report` draws the table.
"""
