"""Parameters of attackers: tactics and the means they have. Each is off at zero, several may act at once."""

from pydantic import BaseModel

from model.parameters.declaration import number


class Attackers(BaseModel):
    """Attack tactics; several may act at once, each off at zero."""

    byzantine_share: float = number(
        0.0, "share", 0, 1, "Starting sequencers that always do the most harm.", studied=(0, 0.5)
    )
    sybil_nodes: int = number(
        0, "nodes", 0, 10_000, "Starting sequencers that belong to one hidden operator.", studied=(0, 2)
    )
    colluding_share: float = number(
        0.0, "share", 0, 1, "Rangers that take bribes, for nodes that an attacker owns.", studied=(0, 0.4)
    )
    bribe: float = number(
        0.0, "USD per offence", 0, 1e9, "Offered for silence on an attacker's node.", studied=(0, 20_000)
    )
    bribery_budget: float = number(
        100_000, "USD", 0, 1e12, "What can be spent on bribes.", scale="log", studied=(1e4, 1e6)
    )
    griefing_share: float = number(0.0, "share", 0, 1, "Rangers that accuse falsely.", studied=(0, 0.2))
    accusation_rate: float = number(0.1, "per epoch", 0, 100, "False accusations by a griefing Ranger.", studied=(0, 1))
    censor_fee: float = number(
        0.0, "USD per epoch", 0, 1e9, "Offered to all sequencers together for leaving a victim out.", studied=(0, 5_000)
    )
    censor_budget: float = number(
        100_000, "USD", 0, 1e12, "What can be spent on censoring.", scale="log", studied=(1e4, 1e6)
    )
    victim_share: float = number(0.05, "share", 0, 1, "The victim's share of the volume.", studied=(0, 0.2))
    hit_and_run_nodes: int = number(
        0, "nodes", 0, 10_000, "Starting sequencers that gather delegations, then take all and leave.", studied=(0, 1)
    )
    hit_after: int = number(180, "epochs", 0, 100_000, "How long they behave.", studied=(30, 365))
    hit_length: int = number(14, "epochs", 1, 100_000, "How long they take all.", studied=(1, 30))
    takeover_budget: float = number(0.0, "USD", 0, 1e12, "What can be spent on buying stake.", studied=(0, 1e6))
    takeover_target: float = number(
        0.34, "share", 0, 1, "Share of the votes at which it strikes: a third halts a chain that needs consensus, "
        "two thirds take everything.", studied=(0.34, 0.67),
    )  # fmt: skip
    takeover_pace: float = number(
        0.002, "share per epoch", 0, 1, "Part of the circulating supply that it buys at most.", studied=(0.001, 0.01),
        scale="log",
    )  # fmt: skip
    price_impact: float = number(
        2.0, "-", 0, 1_000, "Log price gained per share of the circulating supply bought.", studied=(0, 10)
    )
    halt_gain: float = number(
        0.0, "USD per epoch", 0, 1e12, "What a halted chain brings the attacker: a short position.", studied=(0, 1e6)
    )
