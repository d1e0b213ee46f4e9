"""What a certificate says, in words."""

from __future__ import annotations

import numpy as np

from experiments.equilibrium.certificate import Certificate


def in_words(certificate: Certificate) -> str:
    """Return the certificate in a few sentences."""
    name = certificate.scenario.name
    if not certificate.settled:
        moving = "; ".join(str(finding) for finding in certificate.findings if finding.kind != "settled")
        return f"{name} has not settled, so no epsilon is given: {moving}."
    if np.isnan(certificate.epsilon):
        return f"{name} has settled, but no sequencer earns anything by which a gain could be measured."
    roles = certificate.roles
    first = roles[~roles["role"].str.endswith(" delegator")].iloc[0]
    said = (
        f"An epsilon-equilibrium with epsilon = {100 * certificate.epsilon:.1f} ± {100 * certificate.half_width:.1f} % "
        f"of a sequencer's income; "
    )
    if first["gain"] <= first["half_width"]:
        said += f"no gain is clear of chance, and none of those tried exceeds {certificate.bound:.1%}. "
        said += f"Most promising: the {first['role']} {first['deviation']}."
    else:
        said += f"the most profitable deviation: the {first['role']} {first['deviation']}."
    return said
