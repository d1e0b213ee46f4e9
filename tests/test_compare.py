"""compare: paired differences against scipy, what is called clear, what common luck is worth, and what is shown."""

import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from scipy import stats

import model
from experiments import ExperimentError, compare, plots, sweep
from experiments.__main__ import main
from experiments.compare import CHECKS, DRAWN, Comparison, design_of, in_words, shown_first, write
from experiments.sweeps.plan import replicate_seed
from experiments.sweeps.table import Table
from model import METRICS, simulate
from model.parameters import Scenario

ROOT = Path(__file__).parent.parent
METIS = Scenario.preset("metis")
DEPLOYED = Scenario.preset("metis_deployed")
HARDER = METIS.replace(name="harder", slash_fraction=0.06)
PLAN: dict[str, Any] = {"replicates": 12, "epochs": 60, "seed": 1, "workers": 1}
SMALL = METIS.replace(number_of_delegators=20, blocks_per_epoch=200)
MEASURED = [name for name in METRICS if name not in CHECKS]


@pytest.fixture(scope="module")
def apart() -> Comparison:
    """Return two designs that differ in much."""
    return compare.compare([METIS, DEPLOYED], **PLAN)


@pytest.fixture(scope="module")
def near() -> Comparison:
    """Return a slash of 0.05 against one of 0.06."""
    return compare.compare([METIS, HARDER], **PLAN)


def only(comparison: Comparison) -> pd.DataFrame:
    ((_, table),) = comparison.differences.items()
    return table


def runs_of(comparison: Comparison, point: int) -> pd.DataFrame:
    return comparison.runs[comparison.runs["point"] == point].set_index("seed")


@pytest.mark.filterwarnings("ignore:Precision loss")
@pytest.mark.parametrize("which", ["apart", "near"])
def test_differences_are_those_of_the_paired_t_test(which, request):
    comparison = request.getfixturevalue(which)
    a, b = (runs_of(comparison, point) for point in (0, 1))
    table = only(comparison)
    assert list(table.index) == MEASURED
    varied = 0
    for name, row in table.iterrows():
        both = a[name].notna() & b[name].notna()
        x, y = a.loc[both, name].to_numpy(), b.loc[both, name].to_numpy()
        assert row["runs"] == len(x)
        if len(set(y - x)) < 2:
            assert row["half_width"] == 0 or len(x) < 2
            continue
        varied += 1
        paired, apart = stats.ttest_rel(y, x), stats.ttest_ind(y, x, equal_var=False)
        for interval, width in (
            (paired.confidence_interval(0.95), row["half_width"]),
            (apart.confidence_interval(0.95), row["half_width_unpaired"]),
        ):
            assert [row["difference"] - width, row["difference"] + width] == pytest.approx(list(interval), rel=1e-9)
        assert row["gain"] == pytest.approx((x.var(ddof=1) + y.var(ddof=1)) / (y - x).var(ddof=1))
        assert row["relative"] == pytest.approx((y.mean() - x.mean()) / max(abs(x.mean()), abs(y.mean())))
        assert row["clear"] == (paired.pvalue * table["distinct"].sum() < 0.05)
    assert varied > 40


def test_a_difference_that_is_the_same_in_every_run_is_clear(apart):
    row = only(apart).loc["rangers_seated"]
    assert [row["mean_a"], row["mean_b"], row["difference"], row["half_width"]] == [5, 0, -5, 0]
    assert row["clear"]


def test_what_does_not_move_is_not_clear(near):
    table = only(near)
    still = table["difference"] == 0
    assert still.any()
    assert not table.loc[still, "clear"].any()
    assert (table.loc[still, "relative"] == 0).all()


def test_seventy_five_metrics_are_asked_more_of_than_one(apart):
    """What is clear for all metrics at once is less than what would be clear one by one."""
    table = only(apart)
    alone = table["difference"].abs() > table["half_width"]
    assert 10 < table["clear"].sum() < alone.sum()
    assert alone[table["clear"]].all()


def test_one_comparison_in_twenty_at_most_finds_what_is_not_there(monkeypatch):
    """Of 150 worlds without a difference at most 7.5 are expected to show one; more than 20 come once in 40,000.

    One by one, 1 - 0.95 ** 75 = 98 % of them would.
    """
    found, alone = 0, 0
    generator = np.random.default_rng(3)
    for _ in range(150):
        monkeypatch.setattr(compare, "sweep", lambda *_, **__: invented(generator.standard_normal((20, len(MEASURED)))))
        table = only(compare.compare([METIS, HARDER]))
        found += table["clear"].any()
        alone += (table["difference"].abs() > table["half_width"]).any()
    assert found <= 20
    assert alone > 125


def invented(values: np.ndarray) -> Table:
    """Return runs of two points, half of the rows each, under common seeds."""
    half = len(values) // 2
    known = {"point": np.repeat([0, 1], half), "seed": np.tile(np.arange(half), 2), "error": ""}
    flags = {f"{name}_stationary": True for name in MEASURED}
    return Table({**known, **dict(zip(MEASURED, values.T, strict=True)), **flags})


def test_means_and_settled_shares_are_those_of_the_runs(near):
    seeds = [replicate_seed(PLAN["seed"], replicate) for replicate in range(PLAN["replicates"])]
    table = only(near)
    for scenario, column in ((METIS, "mean_a"), (HARDER, "mean_b")):
        runs = [simulate(scenario, seed, PLAN["epochs"], 7).summary() for seed in seeds]
        expected = pd.DataFrame(runs)[MEASURED].mean()
        assert table[column].to_numpy() == pytest.approx(expected.to_numpy(), rel=1e-9, nan_ok=True)
    flags = near.runs[[f"{name}_stationary" for name in MEASURED]].groupby(near.runs["point"]).mean()
    assert table["settled"].tolist() == flags.min().tolist()


def test_common_luck_shows_what_independent_runs_would_not(near):
    """A fifth more slash: the price of corruption moves by less than runs differ, but in every run."""
    row = only(near).loc["cost_of_corruption"]
    assert row["clear"]
    assert row["gain"] > 20
    assert row["half_width"] < row["difference"] < row["half_width_unpaired"]
    words = in_words(("metis", "harder"), only(near))
    gain = only(near).loc[only(near)["distinct"], "gain"].median()
    assert f"Common luck does what {gain:.2g} times as many independent runs would" in words
    assert gain > 5


def test_words_say_how_many_differ_and_how_many_have_not_settled():
    table = pd.DataFrame(
        {"distinct": [True, True, True, False], "clear": [True, True, False, True],
         "gain": [2.0, np.inf, 50.0, 9.0], "settled": [0.2, 1.0, 0.0, 0.0]},
        index=["price", "volume", "trust", "fees"],
    )  # fmt: skip
    lines = in_words(("a", "b"), table).splitlines()
    assert lines[0] == "2 of 3 distinct metrics differ between a and b, 95 % sure of all."
    assert lines[1].startswith("Common luck does what 26 times")
    assert lines[2].startswith("1 that differ had not settled")
    assert in_words(("a", "b"), table.assign(clear=False)).count("\n") == 1


def invented_differences(**columns: list[Any]) -> pd.DataFrame:
    names = MEASURED[: len(next(iter(columns.values())))]
    return pd.DataFrame(columns, index=pd.Index(names, name="metric"))


def test_what_says_the_same_counts_once_and_a_headline_before_its_twin():
    table = compare._distinct(pd.DataFrame(
        {"mean_a": [1.0, 2.0, 2.0, 5.0, np.nan, 0.0], "mean_b": [2.0, 5.0, 5.0, 5.0, np.nan, 0.1],
         "difference": [1.0, 3.0, 3.0, 0.0, np.nan, 0.1], "half_width": [0.5, 1.0, 1.0, 0.0, np.nan, 0.4]},
        index=["price", "nakamoto_half_stake_node", "nakamoto_half_stake_operator", "commission", "trust", "fees"],
    ))  # fmt: skip
    assert table.tolist() == [True, False, True, False, False, True]


def test_headlines_come_first_and_then_what_is_clearest():
    table = invented_differences(
        mean_a=[1.0, 2.0, 4.0, 0.0], mean_b=[2.0, 5.0, 3.0, 9.0], difference=[1.0, 3.0, -1.0, 9.0],
        half_width=[0.5, 1.0, 0.0, 20.0], clear=[True, True, True, False], distinct=[True, True, True, True],
    )  # fmt: skip
    assert list(shown_first(table).index) == [MEASURED[2], MEASURED[1], MEASURED[0]]
    assert list(shown_first(table, 1).index) == [MEASURED[2]]
    pinned = table.rename(index={MEASURED[3]: "user_harm"})
    assert list(shown_first(pinned).index) == ["user_harm", MEASURED[2], MEASURED[1], MEASURED[0]]


def test_if_nothing_is_clear_the_nearest_that_are_known_are_shown():
    table = invented_differences(
        mean_a=[1.0, np.nan, 3.0], mean_b=[2.0, 5.0, 3.1], difference=[1.0, np.nan, 0.1],
        half_width=[2.0, np.nan, 0.3], clear=[False, False, False], distinct=[True, False, True],
    )  # fmt: skip
    assert list(shown_first(table).index) == [MEASURED[0], MEASURED[2]]


def test_every_pair_is_compared():
    scenarios = [SMALL.replace(name=name, slash_fraction=share) for name, share in (("a", 0.1), ("b", 0.2), ("c", 0.3))]
    found = compare.compare(scenarios, replicates=2, epochs=4, seed=1, workers=1)
    assert list(found.differences) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert found.runs["slash_fraction"].unique().tolist() == [0.1, 0.2, 0.3]
    sums = found.differences["a", "b"]["difference"] + found.differences["b", "c"]["difference"]
    assert sums.to_numpy() == pytest.approx(found.differences["a", "c"]["difference"].to_numpy(), abs=1e-6, nan_ok=True)


def test_scenarios_are_points_over_what_differs():
    design = design_of([METIS, HARDER.replace(expel=not METIS.expel)])
    assert design.axes == ("slash_fraction", "expel")
    assert [dict(point) for point in design.points] == [
        {"slash_fraction": METIS.slash_fraction, "expel": METIS.expel},
        {"slash_fraction": 0.06, "expel": not METIS.expel},
    ]
    assert list(design.scenarios(METIS))[1].model_dump(exclude={"name"}) == HARDER.replace(
        expel=not METIS.expel
    ).model_dump(exclude={"name"})


def test_stakes_can_be_compared():
    rich = SMALL.replace(name="rich", stakes=(50_000.0,) * SMALL.number_of_sequencers)
    found = compare.compare([SMALL, rich], replicates=3, epochs=4, seed=1, workers=1, metrics=["stake_total"])
    assert list(only(found).index) == ["stake_total"]
    assert only(found).loc["stake_total", "mean_b"] >= 50_000 * SMALL.number_of_sequencers * 0.9


def test_a_run_that_fails_costs_its_pair_and_no_other(monkeypatch):
    bad = replicate_seed(1, 2)
    monkeypatch.setattr(model, "simulate", failing({bad}))
    table = only(compare.compare([SMALL, SMALL.replace(name="b", slash_fraction=0.5)], replicates=4, **SHORT))
    assert set(table["runs"]) <= {0, 1, 2, 3}
    assert table.loc["price", "runs"] == 3


def test_if_all_runs_of_one_fail_there_is_nothing_to_compare(monkeypatch):
    monkeypatch.setattr(model, "simulate", failing({replicate_seed(1, 0), replicate_seed(1, 1)}))
    with pytest.raises(
        ExperimentError, match="every run of metis failed, the first with: FloatingPointError: overflow"
    ):
        compare.compare([SMALL, SMALL.replace(name="b", slash_fraction=0.5)], replicates=2, **SHORT)


SHORT: dict[str, Any] = {"epochs": 4, "seed": 1, "workers": 1}


def failing(bad: set[int]) -> Any:
    """Return `simulate` as it would be if the runs with these seeds raised where nothing was changed."""

    def fragile(scenario: Scenario, seed: int, **plan: Any) -> Any:
        if seed in bad and scenario.slash_fraction == SMALL.slash_fraction:
            raise FloatingPointError("overflow")
        return simulate(scenario, seed=seed, **plan)

    return fragile


@pytest.mark.parametrize(
    ("scenarios", "changes", "message"),
    [
        ([METIS], {}, "1 scenario: give at least two"),
        ([], {}, "0 scenario"),
        ([METIS, METIS], {}, "metis, metis: give every scenario a name of its own"),
        ([METIS, HARDER.replace(name="a/b")], {}, "name = 'a/b': the files of a comparison bear it"),
        ([METIS, METIS.replace(name="same")], {}, "same and metis differ in nothing"),
        ([METIS, HARDER, HARDER.replace(name="same")], {}, "same and harder differ in nothing"),
        ([METIS, HARDER], {"replicates": 1}, "replicates = 1: give at least 2, for intervals"),
        ([METIS, HARDER], {"replicates": 0}, "replicates = 0"),
        ([METIS, HARDER], {"replicates": "many"}, "replicates = 'many'"),
        ([METIS, HARDER], {"epochs": 0}, "epochs = 0"),
        ([METIS, HARDER], {"metrics": ["honesty"]}, "unknown metric 'honesty'"),
    ],
)
def test_what_cannot_be_compared_is_refused(scenarios, changes, message, tmp_path):
    with pytest.raises(ExperimentError, match=message):
        compare.compare(scenarios, store=tmp_path / "out", **{**SHORT, **changes})
    assert not (tmp_path / "out").exists()


def artists(figure: Any) -> tuple[Any, Any]:
    """Return the panel of a drawn figure and the renderer it was drawn with."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return figure.axes[0], canvas.get_renderer()


@pytest.mark.parametrize("which", ["apart", "near"])
def test_the_figure_has_a_row_per_metric_and_nothing_outside(which, request):
    table = shown_first(only(request.getfixturevalue(which)))
    assert 0 < len(table) <= DRAWN
    check_figure(table)


def test_the_figure_of_what_is_huge_tiny_or_undefined_has_nothing_outside():
    table = invented_differences(
        mean_a=[1e15, 1e-12, 0.0, 2.0, 1.0], mean_b=[3e15, -1e-12, 0.0, 2.0, np.nan],
        difference=[2e15, -2e-12, 0.0, 0.0, np.nan], half_width=[5e15, 1e-13, 0.0, 0.0, np.nan],
        half_width_unpaired=[9e15, 2e-11, 0.0, 1.0, np.nan], clear=[False, True, False, False, False],
    )  # fmt: skip
    check_figure(table)


def check_figure(table: pd.DataFrame) -> None:
    """Assert a label, a point at the relative difference and two numbers per row, all of it inside."""
    better = pd.Series({name: METRICS[str(name)].better for name in table.index})
    figure = plots.differences(table, better, title="one less another", caption="A caption. " * 12)
    panel, renderer = artists(figure)
    labels = [label.get_text() for label in panel.get_yticklabels()][::-1]
    assert labels == [str(name).replace("_", " ").capitalize() for name in table.index]
    points = [line for line in panel.lines if line.get_marker() == "o"]
    assert len(points) == len(panel.texts) == len(table)
    size = table[["mean_a", "mean_b"]].abs().max(axis=1).replace(0.0, 1.0)
    drawn = [line.get_xdata()[0] if np.ndim(line.get_xdata()) else line.get_xdata() for line in points][::-1]
    assert drawn == pytest.approx((table["difference"] / size).tolist(), nan_ok=True)
    low, high = panel.get_xlim()
    bottom, top = panel.get_ylim()
    for line in panel.lines:
        if line.get_transform() == panel.transData:
            x, y = np.array(line.get_data(), float)
            assert not ((x < low) | (x > high) | (y < bottom) | (y > top)).any()
    for text in [*panel.texts, *panel.get_yticklabels(), *figure.texts]:
        box = text.get_window_extent(renderer)
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1


@pytest.mark.parametrize(
    ("metric", "difference", "clear", "colour"),
    [
        ("honesty_by_value", 0.1, True, plots.LINE),
        ("honesty_by_value", -0.1, True, plots.THEORY),
        ("user_harm", -0.1, True, plots.LINE),
        ("user_harm", 0.1, True, plots.THEORY),
        ("user_harm", 0.1, False, "#777777"),
        ("price", 0.1, True, "#777777"),
    ],
)
def test_colours_say_better_or_worse_only_where_that_is_clear(metric, difference, clear, colour):
    row = {"mean_a": 1.0, "mean_b": 1.0 + difference, "difference": difference, "half_width": 0.05,
           "half_width_unpaired": 0.2, "clear": clear}  # fmt: skip
    figure = plots.differences(pd.DataFrame(row, index=[metric]), {metric: METRICS[metric].better})
    (point,) = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert point.get_color() == colour


def test_table_and_figure_of_every_pair_are_written(near, tmp_path):
    paths = write(near, tmp_path / "new")
    assert [path.name for path in paths] == ["metis-harder.png", "metis-harder.csv"]
    assert paths[0].read_bytes()[:4] == b"\x89PNG"
    again = pd.read_csv(paths[1], index_col="metric")
    pd.testing.assert_frame_equal(again, only(near), check_exact=True, check_dtype=False)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    files = {
        "harder.toml": 'base = "metis"\nslash_fraction = 0.06\n',
        "same.toml": 'base = "metis"\n',
        "typo.toml": 'base = "metis"\nslash_fracton = 0.06\n',
        "broken.toml": "base = \n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Give the command in this process and return its status."""
    monkeypatch.setattr(sys, "argv", ["rangefinder", "compare", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["metis"], ["1 scenario", "at least two"]),
        ([], ["0 scenario", "at least two"]),
        (["metis", "metis"], ["a name of its own"]),
        (["metis", "same.toml"], ["same and metis differ in nothing"]),
        (["metis", "harder.toml", "--set", "slash_fraction=0.2"], ["harder and metis differ in nothing"]),
        (["metis", "metas"], ["unknown design 'metas'", "did you mean 'metis'"]),
        (["metis", "nowhere.toml"], ["cannot read nowhere.toml"]),
        (["metis", "broken.toml"], ["broken.toml", "TOML"]),
        (["metis", "typo.toml"], ["slash_fracton", "did you mean 'slash_fraction'"]),
        (["metis", "harder.toml", "--replicates", "1"], ["replicates = 1", "at least 2"]),
        (["metis", "harder.toml", "--replicates", "few"], ["'--replicates'", "whole number"]),
        (["metis", "harder.toml", "--set", "enforcement=2"], ["enforcement = 2", "from 0 to 1"]),
        (["metis", "harder.toml", "--set", "enforcement"], ["NAME=VALUE"]),
        (["metis", "harder.toml", "--epochs", "0"], ["epochs = 0"]),
        (["metis", "harder.toml", "--dask", "here"], ["--dask here"]),
        (["metis", "harder.toml", "--out", "same.toml/x"], ["cannot write to same.toml/x"]),
    ],
)
def test_a_mistake_ends_in_one_line_and_nothing_is_written(folder, monkeypatch, capsys, arguments, parts):
    before = sorted(folder.rglob("*"))
    assert run(monkeypatch, *arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: ")
    assert shown.err.count("\n") == 1
    for part in parts:
        assert part in shown.err
    assert sorted(folder.rglob("*")) == before


def test_the_command_shows_the_table_the_words_and_the_paths(folder):
    arguments = ["compare", "metis", "harder.toml", "--set", "enforcement=0.9", "--epochs", "40", "--replicates", "6"]
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from experiments.__main__ import main; main()"
    result = subprocess.run([sys.executable, "-c", program, *arguments], cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    out = folder / "results" / "metis-harder"
    table = pd.read_csv(out / "metis-harder.csv", index_col="metric")
    expected = compare.compare(
        [METIS.replace(enforcement=0.9), HARDER.replace(enforcement=0.9)], epochs=40, replicates=6, seed=1, workers=1
    )
    pd.testing.assert_frame_equal(table, only(expected), check_exact=True, check_dtype=False)
    assert "harder less metis" in result.stdout
    assert in_words(("metis", "harder"), only(expected)) in result.stdout
    for name, row in shown_first(only(expected)).iterrows():
        assert f"{row['difference']:.4g}" in result.stdout, name
    for path in ("runs", "metis-harder.png", "metis-harder.csv"):
        assert f"results/metis-harder/{path}" in result.stdout
        assert (out / path).exists()


def test_the_command_goes_on_with_what_is_there(folder, monkeypatch, capsys):
    arguments = ("metis", "harder.toml", "--epochs", "20", "--workers", "1")
    run(monkeypatch, *arguments, "--replicates", "3")
    ran: list[int] = []
    monkeypatch.setattr(model, "simulate", lambda *given, **how: ran.append(how["seed"]) or simulate(*given, **how))
    assert run(monkeypatch, *arguments, "--replicates", "4") == 0
    assert ran == [replicate_seed(1, 3)] * 2
    assert run(monkeypatch, *arguments, "--replicates", "4", "--epochs", "30") == 2
    assert "--force" in capsys.readouterr().err
    assert run(monkeypatch, *arguments, "--replicates", "4", "--epochs", "30", "--force") == 0


def test_without_anything_clear_the_command_says_so(folder, monkeypatch, capsys):
    (folder / "hardly.toml").write_text('base = "metis"\naccusation_rate = 0.123\n')
    assert run(monkeypatch, "metis", "hardly.toml", "--epochs", "10", "--replicates", "2") == 0
    assert "metis and hardly are the same in every metric" in capsys.readouterr().out


def test_the_runs_of_a_comparison_are_those_of_a_sweep():
    found = compare.compare([METIS, HARDER], replicates=2, **SHORT)
    swept = sweep(METIS, design_of([METIS, HARDER]), replicates=2, **SHORT)
    pd.testing.assert_frame_equal(found.runs, swept, check_exact=True)


def test_what_is_infinite_in_one_of_a_pair_is_not_compared():
    """Nothing is said of it, by a warning or otherwise."""
    a = pd.DataFrame({"seed": [1, 2, 3], "honesty_by_value": [0.9, 0.8, 0.7], "reservation_value": [5.0, 6.0, 7.0]})
    b = a.assign(reservation_value=np.inf)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = compare.differences(
            a.assign(honesty_by_value_stationary=True, reservation_value_stationary=True),
            b.assign(honesty_by_value_stationary=True, reservation_value_stationary=True),
            ["honesty_by_value", "reservation_value"],
        )
    assert found["runs"].tolist() == [3, 0]
    assert np.isnan(found.loc["reservation_value", "difference"])
    assert not found["distinct"].any()
