"""Run the whole benchmark, print its table, and write docs/benchmarks.md: `python -m tests.benchmark`."""

import sys
from functools import partial

from tests.benchmark.answers import answers
from tests.benchmark.blockwise import against_blocks
from tests.benchmark.designs import against_metis
from tests.benchmark.growth import blocks, delegators, sequencers
from tests.benchmark.peers import peers
from tests.benchmark.process import ROOT
from tests.benchmark.report import document, machine, table
from tests.benchmark.speed import against_oracle, mesa_shell
from tests.benchmark.starts import starts
from tests.benchmark.storage import storage
from tests.benchmark.sweeps import threads, workers
from tests.benchmark.variates import floor

PROGRAMME = {
    "oracle": partial(against_oracle, laps=7),
    "block by block": partial(against_blocks, laps=9),
    "random variates": partial(floor, laps=15),
    "delegators": partial(delegators, laps=7),
    "blocks per epoch": partial(blocks, laps=9),
    "sequencers": partial(sequencers, laps=9),
    "designs": partial(against_metis, laps=7),
    "Mesa": partial(mesa_shell, laps=9),
    "starts": partial(starts, laps=3),
    "answers": partial(answers, laps=2),
    "workers": partial(workers, laps=3),
    "threads": partial(threads, laps=5),
    "many runs": partial(storage, laps=5),
    "peers": partial(peers, laps=3),
}


def main() -> None:
    """Run every chapter in turn; say on standard error which."""
    chapters = []
    for name, chapter in PROGRAMME.items():
        print(f"measuring: {name}", file=sys.stderr)
        chapters.append(chapter())
    print(machine(), table(chapters), sep="\n")
    (ROOT / "docs" / "benchmarks.md").write_text(document(chapters), encoding="utf-8")


if __name__ == "__main__":
    main()
