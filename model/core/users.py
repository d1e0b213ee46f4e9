"""Phase 11: how users answer harm."""

from model.core.compiled import kernel


@kernel
def users(state, rules, streams):
    """Let trust fall with harm, outages and scandals, and recover; let apps leave whose memory of harm is too much.

    Users feel harm whether or not a rule forbids it. Writes market.trust, apps. Draws from `users` one uniform per app.
    """
    now = state.market
    harm_bps = 1e4 * (now.harm + now.lawful_harm) / now.volume if now.volume > 0.0 else 0.0
    lost = now.lost_blocks / rules.blocks_per_epoch
    trust = now.trust + rules.trust_recovery * (1.0 - now.trust)
    trust -= rules.trust_loss * harm_bps
    trust -= rules.outage_loss * lost
    trust -= rules.scandal_loss * now.scandal
    now.trust = min(1.0, max(0.0, trust))
    for app in state.apps:
        app.memory = rules.harm_keep * app.memory + (1.0 - rules.harm_keep) * harm_bps
        if streams.users.random() < rules.app_exit_rate and app.memory > app.tolerance:
            app.present = 0
