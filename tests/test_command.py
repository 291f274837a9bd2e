"""The habits of a command: pipes, JSON, groups of flags, guesses, files of settings, completion."""
import json
import os
import subprocess
import sys

import pytest

SPT = [sys.executable, "-m", "spt_nb"]


def shell(line, **env):
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, env=os.environ | dict(SPT=" ".join(SPT)) | env)


@pytest.mark.parametrize("module", ["spt_nb", "spt_nb.cli"])
def test_the_module_is_the_command(module):
    p = subprocess.run([sys.executable, "-m", module, "tasks", "--no-such-flag"], capture_output=True, text=True)
    assert p.returncode == 2 and "no-such-flag" in p.stderr and len(p.stderr.splitlines()) == 1


def test_a_closed_pipe_is_quiet():
    p = shell("set -o pipefail; $SPT tasks | head -1")
    assert p.stdout.startswith("task ") and p.stderr == "" and p.returncode in (0, 141)  # 0: it had printed all before


def test_a_pipe_closed_before_is_quiet():
    p = shell("$SPT tasks | true; exit ${PIPESTATUS[0]}", PYTHONUNBUFFERED="1")
    assert p.stderr == "" and p.returncode in (0, 141)


@pytest.mark.parametrize("args, key", [(["tasks"], "what"), (["experiment"], "claim"), (["status", "{folder}"], None)])
def test_json_is_all_that_is_printed(tmp_path, call, args, key):
    status, out, err = call(*(a.format(folder=tmp_path) for a in args), "--json", cwd=tmp_path)
    rows = json.loads(out)
    assert status == 0 and err == "" and isinstance(rows, list) and (key is None or all(r[key] for r in rows))


@pytest.mark.parametrize("columns", [70, 130])
def test_help_and_lists_fit_the_terminal(tmp_path, monkeypatch, call, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    for args in (["--help"], ["versus", "--help"], ["experiment"], ["help", "status"]):
        _, out, _ = call(*args, cwd=tmp_path)
        assert out and max(map(len, out.splitlines())) <= columns, args


def test_flags_stand_in_groups_with_defaults(tmp_path, call):
    _, out, _ = call("compare", "--help", cwd=tmp_path)
    at = [out.index(f"\n{group}:") for group in ("data", "model", "training", "statistics", "machine")]
    assert at == sorted(at) and at[0] < out.index("--data-dir") < at[1] < out.index("--d-model") < at[2] < out.index("--pretrain-steps")
    flat = " ".join(out.split())  # as wide as the terminal
    assert "--data_dir" not in flat and "(default: attention,dlr)" in flat and "(default: None)" not in flat


@pytest.mark.parametrize("args, says", [
    (["statsu"], "did you mean status?"),
    (["status", "--wacth"], "did you mean --watch?"),
    (["compare", "--mixer", "dlr"], "did you mean mixers?"),
    (["compare", "--taks", "dyck"], "did you mean task?"),
    (["compare", "--finetune-step", "5"], "did you mean finetune_steps?"),
    (["compare", "--workers"], "--workers: expected one argument"),
    (["experiment", "quickstart", "--dry-run=perhaps"], "dry_run is 'perhaps'"),
    (["compare", "--config", "nowhere.yaml"], "'nowhere.yaml': No such file"),
])
def test_a_mistake_is_guessed(tmp_path, call, args, says):
    status, out, err = call(*args, cwd=tmp_path)
    assert status == 2 and out == "" and err.count("\n") == 1 and says in err, err


def planned(call, *args, cwd):
    status, out, err = call("compare", *args, "--scale", "smoke", "--dry-run", cwd=cwd)
    assert status == 0, err
    return out


def test_a_file_of_flags_gives_defaults(tmp_path, call):
    (tmp_path / "mine.yaml").write_text("task: dyck\nmixers: [dlr, lru]\ninits: [scratch]\npretrain-lr: 1e-2\nfinetune_steps: 7\n")
    out = planned(call, "--config", str(tmp_path / "mine.yaml"), "--mixers", "dlr", cwd=tmp_path)
    assert "dyck" in out and "dlr" in out and "lru" not in out and "masked" not in out


@pytest.mark.slow
def test_a_saved_configuration_runs_again_from_the_same_stages(tmp_path, monkeypatch, call):
    monkeypatch.setenv("SPT_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "data"))
    first = ["--task", "dyck", "--mixers", "dlr", "--inits", "scratch,masked", "--seeds", "3,4", "--scale", "smoke", "--d-state", "4", "--workers", "1"]
    status, _, err = call("compare", *first, cwd=tmp_path)
    assert status == 0, err
    config, before = tmp_path / "runs/compare-dyck-smoke/config.json", sorted(p.name for p in (tmp_path / "runs").iterdir())
    status, out, err = call("compare", "--config", str(config), "--out", str(tmp_path / "again"), "--workers", "1", "--json", cwd=tmp_path)
    assert status == 0, err
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == before, "stages were trained again"
    assert json.loads(out)["folder"] == str(tmp_path / "again") and json.loads(out)["failed"] == {}
    assert (tmp_path / "again/config.json").read_text() == config.read_text()


def test_the_shell_completes(tmp_path):
    pytest.importorskip("argcomplete")
    for line, word in {"spt compare --task pathf": "pathfinder", "spt experiment rot": "rotary_and_s4", "spt compare --data-d": "--data-dir"}.items():
        asked = dict(_ARGCOMPLETE="1", COMP_LINE=line, COMP_POINT=str(len(line)), _ARGCOMPLETE_STDOUT_FILENAME=str(tmp_path / "words"))
        subprocess.run(SPT, env=os.environ | asked, capture_output=True)
        assert word in (tmp_path / "words").read_text()


def stranger(folder, *names):
    "A folder whose files have the names of libraries, and say so when they are run."
    for name in names:
        (folder / f"{name}.py").write_text(f"raise SystemExit('ran {name}')\n")
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("command", [["-m", "spt_nb"], ["-P", "-c", "from spt_nb.cli import main; exit(main())"]], ids=["module", "script"])
def test_a_file_that_lies_in_the_folder_is_not_run(tmp_path, command):
    stranger(tmp_path, "huggingface_hub", "datasets", "pandas", "yaml", "numpy", "torch")
    p = subprocess.run([sys.executable, *command, "import", ".", "--runs", tmp_path / "runs"], cwd=tmp_path, capture_output=True, text=True)
    assert p.returncode == 2 and "allowed: config.json" in p.stderr and len(p.stderr.splitlines()) == 1, p.stderr


@pytest.mark.slow
def test_workers_do_not_search_the_folder_either(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    from spt_nb.runs.torchrun import worker_env
    from spt_nb.runs.workers import worker_command
    (tmp_path / "plan.json").write_text("[]")
    p = subprocess.run(worker_command(tmp_path / "plan.json"), cwd=stranger(tmp_path, "torch", "filelock"), env=os.environ | worker_env(), capture_output=True, text=True)
    assert "ran " not in p.stderr, p.stderr


def test_a_mixer_beside_the_command_is_found(tmp_path, call):
    from helpers import MINE
    (tmp_path / "beside_me.py").write_text(MINE)
    before = list(sys.path)
    status, out, err = call("contract", "beside_me:Mine", "--seconds", "0", cwd=tmp_path)
    assert status == 0 and sys.path == before, err


def test_a_budget_reads_a_file_of_flags(tmp_path, call):
    (tmp_path / "mine.yaml").write_text("task: dyck\nmixers: [dlr]\ninits: [scratch]\nscale: smoke\ndry_run: false\n")
    status, out, err = call("budget", "--config", str(tmp_path / "mine.yaml"), "--speed", "h200", cwd=tmp_path)
    assert status == 0 and "scale smoke" in out and "dyck" in out and "attention" not in out, err


def test_a_file_cannot_say_no_and_mean_yes(tmp_path, call):
    (tmp_path / "mine.yaml").write_text("task: dyck\ndry_run: 'no'\n")
    status, _, err = call("compare", "--config", str(tmp_path / "mine.yaml"), cwd=tmp_path)
    assert status == 2 and err == "spt: dry_run is 'no'; allowed: True, False\n"


def test_a_path_of_the_user_is_not_written_as_a_flag(tmp_path, call):
    path = tmp_path / "year=2024" / "part.csv"
    status, _, err = call("data", "--data", path, cwd=tmp_path)
    assert status == 2 and str(path) in err
