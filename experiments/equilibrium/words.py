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
    if certificate.roles.empty:
        return f"{name} has settled, but nobody there has anything to decide."
    if np.isnan(certificate.epsilon):
        first = certificate.roles.iloc[0]
        return (
            f"{name} has settled, but no sequencer that decides for itself earns anything of which a gain would be a "
            f"part. The largest, in USD per epoch: {first['gain']:.2f} ± {first['half_width']:.2f}, if the "
            f"{first['role']} {first['deviation']}."
        )
    first = _of_kind(certificate, "alone").iloc[0]
    clear = first["gain"] > first["half_width"]
    verdict = (
        f"An epsilon-equilibrium with epsilon = {_part(certificate, first)} of a sequencer's income, on average and at "
        f"a constant price; {'the most profitable deviation' if clear else 'not clear of chance, the most promising'}: "
        f"the {first['role']} {first['deviation']}. No gain alone that was measured exceeds {certificate.bound:.1%}."
    )
    return " ".join([verdict, *_together(certificate), *_delegators(certificate)])


def _together(certificate: Certificate) -> list[str]:
    gaining = _gaining(_of_kind(certificate, "together"))
    if gaining.empty:
        return ["No coalition that was tried gains."]
    first = gaining.iloc[0]
    return [f"Together, {_part(certificate, first)} can be had: the {first['role']} {first['deviation']}."]


def _delegators(certificate: Certificate) -> list[str]:
    gaining = _gaining(_of_kind(certificate, "delegates"))
    if gaining.empty:
        return []
    first = gaining.iloc[0]
    return [f"The {first['role']} gains {first['own']:.0%} of what it earns if it {first['deviation']}."]


def _of_kind(certificate: Certificate, kind: str) -> pd.DataFrame:
    return certificate.roles[certificate.roles["kind"] == kind]


def _gaining(roles: pd.DataFrame) -> pd.DataFrame:
    return roles[roles["gain"] > roles["half_width"]]


def _part(certificate: Certificate, row: pd.Series) -> str:
    part, half = (100 * row[name] / certificate.income for name in ("gain", "half_width"))
    return f"{max(0.0, part):.1f} ± {half:.1f} %"
