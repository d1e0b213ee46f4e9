"""Where the full model departs from theory, and by how much: one figure, drawn by `make docs`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.plots import LINE, THEORY, canvas, save
from experiments.verify.economies import MEAN_OPPORTUNITY, detection_of, quiet
from experiments.verify.learning import ONE_RANGER, beside_limit, solve
from model import theory
from model.core.options import Status
from model.simulation import simulate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from model.parameters import Scenario

FIGURE = Path(__file__).parent.parent.parent / "docs" / "figures" / "departures.png"
GREY = "#777777"
SEED = 1


def sticky_beliefs(panel: Axes) -> None:
    """Draw what a sequencer believes of detection once Rangers only pretend, with coverage published and without."""
    base = quiet(
        1_000, learning="belief", diligent_share=0.0, prior_misconduct=0.0, prior_weight=200.0, transparency=10.0,
        sampling_probability=0.2, slash_fraction=5e-4, choice="best_response",
    )  # fmt: skip
    loss = base.slash_fraction * base.stakes[0]
    for published, label, style in ((False, "coverage not published", "-"), (True, "coverage published", ":")):
        h = simulate(base.replace(proof_of_check=published), SEED, epochs=120).history
        believed = h.stock("sequencers", "reservation")[:, 0, 0] / loss
        panel.plot(h.epoch[1:], believed, color=LINE, linestyle=style, label=f"believed, {label}")
    panel.plot(h.epoch[1:], h.flow("coverage"), color=GREY, label="true detection: nobody checks")
    needed = float(theory.required_detection(MEAN_OPPORTUNITY, loss, 0.0, 0.0))
    panel.axhline(needed, color=THEORY, linestyle="--", label="detection that deters (theory)")
    panel.set(title="Beliefs stick where nothing is tried", xlabel="epoch", ylabel="probability", ylim=(-0.03, 1))


def cycles(panel: Axes) -> None:
    """Draw how often a Ranger checks whose evidence fades slower, and faster, than the largest stable rate."""
    game = (0.02, 0.2, 5.0)
    for side, colour in ((0.85, LINE), (1.3, GREY)):
        scenario = ONE_RANGER.replace(**beside_limit(side, *game))
        h = simulate(scenario, SEED, epochs=90).history
        panel.plot(h.epoch[1:], h.stock("rangers", "diligence")[:, 0], color=colour, label=f"{side:g} of the limit")
    stake = ONE_RANGER.stakes[0] * ONE_RANGER.token_price
    rest = solve(theory.quantal_response, scenario, stake).checking
    panel.axhline(rest, color=THEORY, linestyle="--", label="quantal response (theory)")
    panel.set(
        title="Cycles above the stability limit", xlabel="epoch", ylabel="share of blocks checked", ylim=(-0.03, 1)
    )


def free_riders(panel: Axes) -> None:
    """Draw how often each of six Rangers checks, if their costs are alike and if they differ a little."""
    base = quiet(
        20_000, learning="belief", proof_of_check=True, diligent_share=0.0, prior_weight=1e-3, prior_misconduct=0.05,
        clawback=1.0, slash_fraction=1e-12, token_price=4e8, memory=60.0, choice="logit", sequencer_precision=0.03,
        ranger_precision=3.0, cost_per_check=6.0, sampling_probability=0.25, number_of_rangers=6,
    )  # fmt: skip
    places = np.arange(base.number_of_rangers)
    for shift, spread, colour in ((-0.2, 0.0, LINE), (0.2, 0.2, GREY)):
        h = simulate(base.replace(ranger_cost_dispersion=spread), SEED, epochs=1_500).history
        checking = np.sort(h.stock("rangers", "diligence")[750:].mean(axis=0))[::-1]
        label = f"costs differ by {spread:.0%}" if spread else "costs alike"
        panel.bar(places + shift, checking, width=0.38, color=colour, label=label)
    rest = solve(theory.quantal_response, base, base.stakes[0] * base.token_price).checking
    panel.axhline(rest, color=THEORY, linestyle="--", label="equilibrium of equals (theory)")
    panel.set_xticks(places, [str(place + 1) for place in places])
    panel.set(
        title="Some Rangers ride free", xlabel="Ranger, busiest first", ylabel="share of blocks checked", ylim=(0, 1)
    )


def _offending(scenario: Scenario) -> np.ndarray:
    """Return the share of blocks offended in every epoch, nan once nobody is left."""
    h = simulate(scenario, SEED, epochs=250).history
    serving = (h.stock("sequencers", "status") == Status.ACTIVE).any(axis=1)
    return np.where(serving, h.flow("offending_blocks") / np.maximum(h.flow("blocks_made"), 1.0), np.nan)


def limited_liability(panel: Axes) -> None:
    """Draw how often blocks are offended while slashes eat the stake, with a minimum stake and without."""
    nodes, stake = 200, 1e6
    base = quiet(
        20_000, opportunity="exponential", stakes=(stake,) * nodes, number_of_sequencers=nodes,
        possible_sequencers=nodes, selection="equal", slash_fraction=0.2, sampling_probability=2e-4, top_up=False,
    )  # fmt: skip
    for least, colour, label in ((0.0, LINE, "no minimum stake"), (0.5 * stake, GREY, "out below half of it")):
        shares = _offending(base.replace(min_stake=least))
        panel.plot(np.arange(1, shares.size + 1), shares, color=colour, label=label)
    reservation = theory.reservation_value(detection_of(base), base.slash_fraction * stake, 1.0) / MEAN_OPPORTUNITY
    rest = theory.offence_share_by_blocks(reservation, base.sequencer_precision, theory.survival(base))
    panel.axhline(float(rest), color=THEORY, linestyle="--", label="stake as at the start (theory)")
    panel.set(
        title="Nothing to lose once stake is gone", xlabel="epoch", ylabel="share of blocks offended", ylim=(0, 1)
    )


def departures() -> Figure:
    """Draw the four departures, the closed form dashed in each."""
    figure = canvas(11.0, 7.6, "Where the full model departs from theory", "")
    for panel, draw in zip(
        figure.subplots(2, 2).flat, (sticky_beliefs, cycles, free_riders, limited_liability), strict=True
    ):
        draw(panel)
        panel.legend(fontsize=8, framealpha=0.9)
    return figure


if __name__ == "__main__":
    save(departures(), FIGURE, {})
