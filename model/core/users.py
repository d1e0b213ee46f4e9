"""Phase 11: how users answer harm, and apps what they pay."""

import numpy as np

from model.core.compiled import kernel
from model.core.sisters import stack


@kernel
def users(state, rules, stream, elsewhere):
    """Let trust fall with harm, outages and scandals, and recover; let apps leave that would rather; move the sisters.

    Users feel harm whether or not a rule forbids it. Writes market.trust, apps, and what `stack` writes. Draws from
    `stream` one uniform per app, from `elsewhere` two per sister chain.
    """
    now = state.market
    harm_bps = 1e4 * (now.harm + now.lawful_harm) / now.volume if now.volume > 0.0 else 0.0
    lost = now.lost_blocks / rules.blocks_per_epoch
    recovered = now.trust + rules.trust_recovery * (1.0 - now.trust)
    trust = recovered - rules.trust_loss * harm_bps
    trust -= rules.outage_loss * lost
    trust -= rules.scandal_loss * now.scandal
    now.trust = min(1.0, max(0.0, trust))
    fall = max(0.0, recovered - now.trust)
    traffic = usual_traffic(state.apps, now)
    for app in state.apps:
        app.memory = rules.harm_keep * app.memory + (1.0 - rules.harm_keep) * harm_bps
        if stream.random() < rules.app_exit_rate and fed_up(app, traffic, rules):
            app.present = 0
    stack(now, state.totals, state.sisters, rules, elsewhere, fall)


@kernel
def usual_traffic(apps, now):
    """Return the volume (USD per epoch) behind a share of 1: without the luck of the day, which moves nobody away."""
    present = 0.0
    for app in apps:
        if app.present == 1:
            present += app.share
    return np.exp(now.trend) / present if present > 0.0 else 0.0


@kernel
def fed_up(app, traffic, rules):
    """Tell whether an app would rather leave: for the harm it remembers, or because its own chain would cost less.

    What it bears here in a year are the fees on its volume and the harm it remembers, in bps of it.
    """
    bill = app.share * traffic * (rules.fee_bps + app.memory) * 1e-4 * rules.epochs_per_year
    return app.memory > app.tolerance or bill > rules.own_chain_cost
