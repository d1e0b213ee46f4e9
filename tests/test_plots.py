"""Figures show the table they are given, and leave it beside them."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import QuadMesh

from experiments import plots

X, Y = "sampling_probability", "slash_fraction"
LABELS = {X: "Sampling (share)", Y: "Slash (share)", "honesty": "Honesty (share)", "nakamoto": "Nakamoto (operators)"}


@pytest.fixture
def points() -> pd.DataFrame:
    rows = [
        (x, y, 1 - 0.01 / (x * y) / (1 + 0.01 / (x * y))) for x in (0.001, 0.01, 0.1) for y in (0.01, 0.1, 0.5, 1.0)
    ]
    table = pd.DataFrame(rows, columns=[X, Y, "honesty"])
    return table.assign(nakamoto=np.linspace(2, 9, len(rows)), honesty_half_width=0.01, nakamoto_half_width=0.1)


@pytest.fixture
def edge() -> pd.DataFrame:
    return pd.DataFrame({X: [0.001, 0.01, 0.1], "level": 0.5, Y: [np.nan, 0.8, 0.1], "low": [np.nan, 0.6, 0.08],
                         "high": [np.nan, 1.0, 0.12]})  # fmt: skip


def drawn(figure):
    """Return the panels, without the colour bars beside them."""
    return [panel for panel in figure.axes if panel.get_xlabel()]


def test_a_phase_map_shows_the_values_of_the_table(points):
    figure = plots.phase_map(points, X, Y, ["honesty", "nakamoto"], title="Which?", labels=LABELS)
    panels = drawn(figure)
    assert len(panels) == 2
    for panel, name in zip(panels, ("honesty", "nakamoto"), strict=True):
        mesh = next(part for part in panel.collections if isinstance(part, QuadMesh))
        expected = points.pivot(index=Y, columns=X, values=name).to_numpy()
        assert np.asarray(mesh.get_array()).reshape(expected.shape) == pytest.approx(expected)
        assert (panel.get_xlabel(), panel.get_ylabel()) == ("Sampling (share)", "Slash (share)")
        assert (panel.get_xscale(), panel.get_yscale()) == ("log", "log")
    assert figure.get_suptitle() == "Which?"


def test_repeated_points_are_averaged(points):
    runs = pd.concat([points, points.assign(honesty=points["honesty"] / 2)])
    figure = plots.phase_map(runs, X, Y, "honesty")
    mesh = next(part for part in drawn(figure)[0].collections if isinstance(part, QuadMesh))
    assert np.sort(np.asarray(mesh.get_array()).ravel()) == pytest.approx(np.sort(points["honesty"] * 0.75))


def test_cells_meet_midway_on_their_scale(points):
    panel = drawn(plots.phase_map(points, X, Y, "honesty"))[0]
    assert panel.get_xlim() == pytest.approx((0.001 / 10**0.5, 0.1 * 10**0.5))


def test_the_boundary_its_interval_and_the_closed_form_lie_over_the_first_outcome(points, edge):
    theory = pd.DataFrame({X: edge[X], "level": 0.5, Y: [2.0, 0.9, 0.09]})
    figure = plots.phase_map(points, X, Y, ["honesty", "nakamoto"], boundary=edge, theory=theory)
    first, second = drawn(figure)
    lines = {line.get_label(): line.get_ydata() for line in first.get_lines()}
    assert lines["simulated, level 0.5"] == pytest.approx(edge[Y].to_numpy(), nan_ok=True)
    assert lines["closed form"] == pytest.approx(theory[Y].to_numpy())
    assert "95 % interval" in [text.get_text() for text in first.get_legend().get_texts()]
    assert second.get_lines() == []


def contours(panel):
    """Return the iso-levels drawn in a panel."""
    return [level for part in panel.collections if hasattr(part, "levels") for level in part.levels]


def test_iso_lines_keep_to_what_is_known(points):
    """The same values, once known to 0.1 and once to 2 of a range of 7."""
    sharp = contours(drawn(plots.phase_map(points, X, Y, "nakamoto"))[0])
    blurred = contours(drawn(plots.phase_map(points.assign(nakamoto_half_width=2.0), X, Y, "nakamoto"))[0])
    assert len(sharp) >= 3
    assert len(blurred) <= 1
    assert contours(drawn(plots.phase_map(points.assign(nakamoto_half_width=4.0), X, Y, "nakamoto"))[0]) == []


@pytest.mark.parametrize("nothing", ["nan", "all nan", "constant", "one row"])
def test_degenerate_tables_are_drawn_too(points, nothing, tmp_path):
    table = {
        "nan": points.assign(honesty=points["honesty"].where(points[X] > 0.001)),
        "all nan": points.assign(honesty=np.nan),
        "constant": points.assign(honesty=3.0),
        "one row": points[points[Y] == 0.1],
    }[nothing]
    figure = plots.phase_map(table, X, Y, "honesty")
    assert plots.save(figure, tmp_path / "figure.png", {})[0].stat().st_size > 1_000


def test_a_curve_shows_means_and_intervals(points):
    table = points[points[Y] == 0.1]
    panel = plots.curve(table, X, "honesty", labels=LABELS).axes[0]
    assert panel.get_lines()[0].get_ydata() == pytest.approx(table["honesty"].to_numpy())
    band = panel.collections[0].get_paths()[0].vertices[:, 1]
    assert {round(value, 9) for value in (table["honesty"] - 0.01)} <= {round(value, 9) for value in band}
    assert (panel.get_xlabel(), panel.get_ylabel()) == ("Sampling (share)", "Honesty (share)")


def test_a_figure_leaves_its_data_beside_it(points, edge, tmp_path):
    figure = plots.phase_map(points, X, Y, "honesty", boundary=edge)
    paths = plots.save(figure, tmp_path / "map.png", {"": points, "_boundary": edge})
    assert [path.name for path in paths] == ["map.png", "map.csv", "map_boundary.csv"]
    assert paths[0].read_bytes().startswith(b"\x89PNG")
    pd.testing.assert_frame_equal(pd.read_csv(paths[1]), points, check_exact=True)
    pd.testing.assert_frame_equal(pd.read_csv(paths[2]), edge, check_exact=True)
