"""What a certificate says, in words."""

from __future__ import annotations

import numpy as np
import pandas as pd

from experiments.equilibrium.certificate import Certificate


def in_words(certificate: Certificate) -> str:
    """Return the certificate in a few sentences."""
    name = certificate.scenario.name
    if not certificate.settled:
        moving = "; ".join(str(finding) for finding in certificate.findings if finding.kind != "settled")
        return f"{name} has not settled, so no epsilon is given: {moving}."
    if np.isnan(certificate.epsilon):
        return f"{name} has settled, but no sequencer earns anything by which a gain could be measured."
    delegates = certificate.roles["role"].str.endswith(" delegator")
    first = certificate.roles[~delegates].iloc[0]
    found = (
        f"An epsilon-equilibrium with epsilon = {100 * certificate.epsilon:.1f} ± {100 * certificate.half_width:.1f} % "
        f"of a sequencer's income, on average and at a constant price; "
    )
    if first["gain"] <= first["half_width"]:
        found += f"no gain is clear of chance. Most promising: the {first['role']} {first['deviation']}."
    else:
        found += f"the most profitable deviation: the {first['role']} {first['deviation']}."
    found += f" None of those measured, the best of each role as it was screened, exceeds {certificate.bound:.1%}."
    return found + _of_delegators(certificate.roles[delegates])


def _of_delegators(roles: pd.DataFrame) -> str:
    gaining = roles[roles["gain"] > roles["half_width"]]
    if gaining.empty:
        return ""
    first = gaining.iloc[0]
    return (
        f" Delegators apart: the {first['role']} gains {first['own']:.0%} of what it earns if it {first['deviation']}."
    )
