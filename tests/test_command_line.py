"""The real command line: what it prints, and one line with exit status 2 for every mistake, with nothing written."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
QUESTION = """
replicates = 2
epochs = 4
record_every = 2
[set]
number_of_delegators = 20
blocks_per_epoch = 200
[vary]
sampling_probability = [0.001, 0.1]
slash_fraction = [0.01, 0.5]
"""
HEAVY = ("numba", "numpy", "pandas", "matplotlib", "scipy", "mesa", "pyarrow")


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run the command line in a folder of its own, as a user would."""
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from experiments.__main__ import main; main()"
    return subprocess.run([sys.executable, "-c", program, *arguments], cwd=folder, capture_output=True, text=True)


@pytest.fixture
def folder(tmp_path) -> Path:
    files = {
        "ask.toml": QUESTION,
        "empty.toml": "",
        "broken.toml": "replicates = \n",
        "empty.csv": "",
        "headless.csv": "5\n6\n",
        "words.csv": "tokens\n30000\nplenty\n",
        "negative.csv": "tokens\n30000\n-1\n",
        "small.csv": "tokens\n30000\n10\n",
        "good.csv": "tokens\n" + "30000\n" * 45,
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--set", "slash_fracton=0.1"], ["slash_fracton", "did you mean 'slash_fraction'"]),
        (["--set", "enforcement=1.5"], ["enforcement = 1.5", "from 0 to 1"]),
        (["--set", "jail_epochs=soon"], ["jail_epochs = 'soon'", "give a number"]),
        (["--set", "jail_epochs=1.5"], ["jail_epochs = 1.5", "whole number"]),
        (["--set", "selection=steak"], ["selection = 'steak'", "did you mean 'stake'"]),
        (["--set", "top_up=1"], ["top_up = 1", "true or false"]),
        (["--set", "number_of_sequencers=0"], ["number_of_sequencers = 0", "from 1 to"]),
        (["--set", "enforcement"], ["--set enforcement", "NAME=VALUE"]),
        (["--set", "name=mine"], ["--set name=mine", "leave it out"]),
        (["--set", "clawback=0.1", "--set", "clawback=0.2"], ["clawback is given twice"]),
        (["--set", "slash_fraction=0.1"], ["slash_fraction", "varies"]),
        (["--epochs", "0"], ["epochs = 0", "above zero"]),
        (["--epochs", "1"], ["epochs = 1", "raise epochs"]),
        (["--epochs", "many"], ["'--epochs'", "'many'", "whole number"]),
        (["--stakes", "good.csv", "--stakes-total", "much"], ["'--stakes-total'", "'much'", "give a number"]),
        (["--replicates", "-1"], ["replicates = -1"]),
        (["--workers", "0"], ["workers = 0"]),
        (["--seed", "-1"], ["seed = -1"]),
        (["--epoch", "3"], ["--epoch", "--epochs"]),
        (["--stakes", "nowhere.csv"], ["cannot read nowhere.csv"]),
        (["--stakes", "empty.csv"], ["empty.csv is empty"]),
        (["--stakes", "headless.csv"], ["no column 'tokens'"]),
        (["--stakes", "words.csv"], ["row 2", "'plenty' is not a number"]),
        (["--stakes", "negative.csv"], ["row 2", "-1 is not a stake"]),
        (["--stakes", "small.csv"], ["min_stake = 20000", "lower min_stake"]),
        (["--stakes", "good.csv", "--stakes-total", "0"], ["stakes-total = 0"]),
        (["--stakes-total", "1000"], ["--stakes"]),
        (["--set", "token_supply=1000"], ["token_supply = 1000", "raise"]),
        (["--shard", "5/2"], ["shard = (5, 2)", "k-th of n"]),
        (["--shard", "1/9"], ["shard = (1, 9)", "4 points"]),
        (["--shard", "half"], ["'--shard'", "'half'", "1/4"]),
        (["--exploitability", "--shard", "1/2"], ["--exploitability", "leave out --shard"]),
        (["--precision", "honesty=0.1"], ["'honesty'", "did you mean"]),
        (["--precision", "honesty_by_value=0"], ["honesty_by_value = 0", "above zero"]),
        (["--precision", "honesty_by_value"], ["--precision honesty_by_value", "NAME=VALUE"]),
        (["--most-replicates", "9"], ["most_replicates = 9", "precision"]),
        (["--scheduler", "tcp://127.0.0.1:9"], ["scheduler = 'tcp://127.0.0.1:9'", "running Dask scheduler"]),
        (["--scheduler", "tcp://127.0.0.1:9", "--workers", "2"], ["workers = 2", "has its own"]),
        (["--scheduler", "tcp://127.0.0.1:9", "--dask", "local"], ["--scheduler and --dask"]),
        (["--dask", "remote"], ["--dask remote", "--dask local"]),
        (["--out", "good.csv/results"], ["cannot write to good.csv/results", "--out"]),
    ],
)
def test_a_mistake_ends_in_one_line_and_nothing_is_written(folder, arguments, parts):
    before = sorted(folder.rglob("*"))
    refused(command(folder, "run", "ask.toml", *arguments), parts)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["run", "honestly"], ["unknown question 'honestly'", "did you mean 'honesty'"]),
        (["run", "nowhere.toml"], ["cannot read nowhere.toml"]),
        (["run", "empty.toml"], ["empty.toml is empty"]),
        (["run", "broken.toml"], ["broken.toml is not valid TOML"]),
        (["run"], ["NAME_OR_FILE"]),
        (["merge", "nowhere", "--out", "there"], ["nowhere is no store"]),
        (["merge", "--out", "there"], ["stores"]),
        (["export", "nowhere"], ["nowhere is no store"]),
        (["compare", "metis"], ["at least two"]),
        (["compare", "metis", "metiz"], ["metiz", "metis"]),
        (["compare", "metis", "nowhere.toml"], ["cannot read nowhere.toml"]),
        (["explain", "slash_fracton"], ["did you mean 'slash_fraction'"]),
        (["explain", "metis", "--against", "metis"], ["metis against itself"]),
        (["explain", "metis", "--against", "metis_deploy"], ["did you mean 'metis_deployed'"]),
        (["explain", "--against", "metis"], ["explain NAME --against"]),
        (["compare", "--all", "--reference", "metiz"], ["reference = 'metiz'", "did you mean 'metis'"]),
        (["compare", "--all", "--goal", "fees"], ["fees neither more nor less"]),
        (["compare", "metis", "metis_deployed", "--goal", "user_harm"], ["belong to --all"]),
        (["facts", "stake_lockd"], ["unknown fact 'stake_lockd'", "did you mean 'stake_locked'"]),
        (["fit", "headless.csv"], ["no column 'tokens'"]),
        (["fit", "good.csv", "--free", "brand_disp"], ["free = 'brand_disp'", "did you mean 'brand_dispersion'"]),
        (["fit", "good.csv", "--set", "wealth_gini=0.5"], ["wealth_gini is both set and free"]),
        (["fit", "good.csv", "--set", "wealth_gin=0.5"], ["did you mean 'wealth_gini'"]),
        (["facts", "--workers=-1"], ["workers = -1", "above zero"]),
        (["facts", "--workers", "0"], ["workers = 0", "above zero"]),
        (["facts", "--page", "."], ["--page .", "that is a folder"]),
        (["facts", "--page", "good.csv/facts.md"], ["cannot write to good.csv", "another folder (--page)"]),
        (["fit", "good.csv", "--replicates", "1"], ["replicates = 1"]),
        (["fit", "good.csv", "--epochs", "0"], ["epochs = 0"]),
        (["fit", "good.csv", "--set", "sequencers=5"], ["unknown parameter 'sequencers'"]),
        (
            ["fit", "good.csv", "--free", "commission_high", "--set", "commission_low=0.1"],
            ["tries commission_high from 0.05 to 0.5, where commission_low = 0.1 is above"],
        ),
        (["explode"], ["explode"]),
    ],
)
def test_a_question_or_command_that_is_not_there_ends_in_one_line(folder, arguments, parts):
    before = sorted(folder.rglob("*"))
    refused(command(folder, *arguments), parts)
    assert sorted(folder.rglob("*")) == before


def refused(result: subprocess.CompletedProcess, parts: list[str]) -> None:
    """Assert exit status 2 and one line on standard error that has these parts."""
    assert result.returncode == 2, result.stderr
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr + result.stdout
    for part in parts:
        assert part in result.stderr


def test_a_run_ends_with_a_table_words_and_the_paths_of_its_files(folder):
    result = command(
        folder, "run", "ask.toml", "--stakes", "good.csv", "--stakes-total", "2e6", "--set", "jail_epochs=3"
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "45 sequencers with 2,000,000 tokens" in result.stdout
    for name in ("runs", "ask.png", "ask.csv"):
        assert f"results/ask/{name}" in result.stdout
        assert (folder / "results" / "ask" / name).stat().st_size > 0


def test_shards_are_merged_exported_and_gone_on_with(folder):
    for shard in ("1/2", "2/2"):
        run = command(folder, "run", "ask.toml", "--shard", shard, "--out", shard[0])
        assert run.returncode == 0, run.stderr
    merged = command(folder, "merge", "1", "2", "--out", "both")
    assert merged.stdout == "8 runs in both\n"
    assert command(folder, "export", "both").stdout == "both/runs.csv\n"
    rows = (folder / "both" / "runs.csv").read_text().splitlines()
    assert len(rows) == 9
    before = {path: path.read_bytes() for path in (folder / "both" / "runs").iterdir()}
    assert command(folder, "run", "ask.toml", "--out", "both").returncode == 0
    assert {path: path.read_bytes() for path in (folder / "both" / "runs").iterdir()} == before


def test_another_question_is_refused_and_forced(folder):
    assert command(folder, "run", "ask.toml").returncode == 0
    differences = ["results/ask holds another sweep", "jail_epochs: 7 before, 3 now", "epochs: 4 before, 6 now"]
    refused(command(folder, "run", "ask.toml", "--set", "jail_epochs=3", "--epochs", "6"), [*differences, "--force"])
    assert command(folder, "run", "ask.toml", "--set", "jail_epochs=3", "--epochs", "6", "--force").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["list"], ["honesty", "metis", "metis_deployed"]),
        (["explain", "slash_fraction"], ["share of stake"]),
        (["explain", "metis"], ["min_stake"]),
        (["explain"], ["metis", "slash_fraction"]),
        (["explain", "metis", "--against", "metis_deployed"], ["Axes on which they differ", "slash_fraction"]),
        ([], ["list", "run", "explain"]),
        (["run", "--help"], ["--stakes", "--set", "--workers"]),
    ],
)
def test_what_only_tells_something_loads_nothing_heavy(folder, arguments, shown):
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from experiments.__main__ import main\n"
        f"try: main()\nfinally: print('heavy:', [name for name in {HEAVY} if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", program, *arguments], cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert "heavy: []" in result.stdout
    for part in shown:
        assert part in result.stdout


def test_what_has_no_effect_is_told_once_and_does_not_stop_the_run(folder):
    result = command(folder, "run", "ask.toml", "--set", "mutation=0.2", "--workers", "1")
    assert result.returncode == 0
    assert result.stderr.splitlines() == [
        'warning: mutation has no effect, for nobody imitates; learning = "imitation" would make a difference'
    ]
