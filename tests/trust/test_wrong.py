"""Configurations that cannot be meant: every one is refused in one line that names field, value and what is allowed, before any work."""
import shlex
import time
from pathlib import Path

import pytest
from helpers import spt

from spt_nb import cli

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SECONDS = 5  # of the processor, within which a mistake is found

MIXERS = """
from torch import nn
import torch
class Same(nn.Module):
    def __init__(self, d_model): super().__init__(); self.f = nn.Linear(d_model, d_model)
    def forward(self, x): return self.f(x)
class Narrow(Same):
    def forward(self, x): return self.f(x)[..., :-1]
class Short(Same):
    def forward(self, x): return self.f(x)[:, ::2]
class Pair(Same):
    def forward(self, x): return self.f(x), x
class Ahead(Same):
    def forward(self, x): return self.f(x).flip(1)
class Fails(Same):
    def forward(self, x): raise RuntimeError("first line\\nsecond line")
class Thrice(Same):
    def __init__(self, d_model): super().__init__(d_model); self.g = nn.Linear(d_model, 3*d_model + 1).weight.view(d_model, -1, 7)
class Plain:
    def __init__(self, d_model): pass
class Greedy(Same):
    def __init__(self, d_model, heads): super().__init__(d_model)
NUMBER = 3
def nothing(d_model): pass
"""

# A command, and what its one line names: the field and the value.
COMPARE = [
    # unknown names
    ("--task listopps", "task listopps"),
    ("--task '' --data ''", "data"),
    ("--scale huge", "scale huge"),
    ("--scale SMOKE", "scale SMOKE"),
    ("--mixers atention", "mixer atention"),
    ("--mixers attention,lstm", "mixer lstm"),
    ("--mixers ,", "mixers"),
    ("--inits maskd", "init maskd"),
    ("--inits scratch,none", "init none"),
    ("--inits ,", "inits"),
    ("--colour red", "parameter colour"),
    ("--d_modle 16", "parameter d_modle"),
    ("--n-digits 3", "parameter n_digits"),
    ("--problem GunPoint", "parameter problem"),
    ("--norm group", "norm group"),
    ("--pooling first", "pooling first"),
    ("--positions absolute", "positions absolute"),
    ("--head deep", "head deep"),
    ("--weights random", "weights random"),
    ("--s4d-init hippo", "s4d_init hippo"),
    ("--schedule linear", "schedule linear"),
    # wrong types
    ("--d-model wide", "d_model wide"),
    ("--d-model 16.5", "d_model 16.5"),
    ("--d-model none", "d_model None"),
    ("--d-model true", "d_model True"),
    ("--d-model [16]", "d_model [16]"),
    ("--n-layers two", "n_layers two"),
    ("--dropout much", "dropout much"),
    ("--causal maybe", "causal maybe"),
    ("--causal 2", "causal 2"),
    ("--prenorm 0.5", "prenorm 0.5"),
    ("--lrs fast", "lrs fast"),
    ("--lrs 1e-3;3e-3", "lrs"),
    ("--lrs {}", "lrs {}"),
    ("--workers two", "workers two"),
    ("--workers 1.5", "workers 1.5"),
    ("--finetune-steps 1e3x", "finetune_steps 1e3x"),
    ("--valid-every often", "valid_every often"),
    ("--batch-size 2.5", "batch_size 2.5"),
    # out of range
    ("--d-model 0", "d_model 0"),
    ("--d-model -64", "d_model -64"),
    ("--n-layers 0", "n_layers 0"),
    ("--n-heads 0", "n_heads 0"),
    ("--mixers s4 --d-state 0", "d_state 0"),
    ("--mixers s4 --d-state 7", "d_state 7"),
    ("--mixers s4d --d-state 1", "d_state 1"),
    ("--mixers s4 --dt-min 0", "dt_min 0"),
    ("--block 0", "block 0"),
    ("--ff-expand -1", "ff_expand -1"),
    ("--position-scale -1", "position_scale -1"),
    ("--dropout 1", "dropout 1"),
    ("--dropout -0.1", "dropout -0.1"),
    ("--mask-ratio 0", "mask_ratio 0"),
    ("--mask-ratio 1", "mask_ratio 1"),
    ("--mask-ratio 15", "mask_ratio 15"),
    ("--pretrain-steps 0", "pretrain_steps 0"),
    ("--finetune-steps -10", "finetune_steps -10"),
    ("--batch-size 0", "batch_size 0"),
    ("--pretrain-batch-size -8", "pretrain_batch_size -8"),
    ("--lrs 0", "lrs 0"),
    ("--lrs 1e-3,-1e-3", "lrs -0.001"),
    ("--pretrain-lr 0", "pretrain_lr 0"),
    ("--ssm-lr -1e-3", "ssm_lr -0.001"),
    ("--dt-lr 0", "dt_lr 0"),
    ("--weight-decay -1", "weight_decay -1"),
    ("--warmup -1", "warmup -1"),
    ("--clip 0", "clip 0"),
    ("--beta2 1", "beta2 1"),
    ("--valid-every 0", "valid_every 0"),
    ("--seeds 0", "seeds 0"),
    ("--seeds -3", "seeds -3"),
    ("--seeds 0,-1", "seeds -1"),
    ("--seeds a", "seeds a"),
    ("--seeds 1.5", "seeds 1.5"),
    ("--seeds true", "seeds True"),
    ("--seeds []", "seeds []"),
    ("--seeds 0,true", "seeds 0,true"),
    ("--seeds 99999999999999999999,1", "seeds 99999999999999999999"),
    ("--workers 0", "workers 0"),
    ("--workers -1", "workers -1"),
    ("--fraction 0", "fraction 0"),
    ("--fraction 0.0", "fraction 0.0"),
    ("--fraction 1.5", "fraction 1.5"),
    ("--fraction -0.5", "fraction -0.5"),
    ("--fraction x", "fraction x"),
    ("--fraction true", "fraction True"),
    ("--fraction 65", "65"),
    # not a number, infinite
    ("--lrs nan", "lrs nan"),
    ("--lrs 1e-3,inf", "lrs inf"),
    ("--lrs 1e400", "lrs inf"),
    ("--pretrain-lr nan", "pretrain_lr nan"),
    ("--weight-decay inf", "weight_decay inf"),
    ("--clip nan", "clip nan"),
    ("--dropout nan", "dropout nan"),
    ("--mask-ratio nan", "mask_ratio nan"),
    ("--position-scale inf", "position_scale inf"),
    ("--mixers s4 --dt-max inf", "dt_max inf"),
    ("--fraction nan", "fraction nan"),
    ("--d-model inf", "d_model inf"),
    # empty and twice
    ("--lrs []", "lrs"),
    ("--lrs 1e-3,1e-3", "lrs 0.001"),
    ("--seeds 1,1", "seeds 1"),
    ("--mixers dlr,dlr", "mixers dlr"),
    ("--inits scratch,masked,scratch", "inits scratch"),
    # what contradicts something else
    ("--mixers dlr --positions rotary", "positions rotary"),
    ("--mixers wrong:Same --positions rotary", "positions rotary"),
    ("--levels true", "levels True"),
    ("--d-model 16 --n-heads 3", "n_heads 3"),
    ("--d-model 10 --n-heads 2 --positions rotary", "10"),
    ("--mixers s4 --d-model 16 --n-ssm 3", "n_ssm 3"),
    ("--mixers s4d --d-model 16 --n-ssm 32", "n_ssm 32"),
    ("--mixers s4 --dt-min 0.2 --dt-max 0.1", "dt_min 0.2 dt_max 0.1"),
    ("--mixers s4d --dt-min 0.1 --dt-max 0.1", "dt_min 0.1"),
    ("--mixers attention --weights random-ssm", "weights random-ssm"),
    ("--data x.csv", "data task"),
    ("--data-dir .", "data_dir"),
    ("--length 31", "length 31"),
    ("--length 0", "length 0"),
    ("--brackets 9", "brackets 9"),
    ("--brackets two", "brackets two"),
    ("--n-train 0", "n_train 0"),
    ("--n-train 1e9", "n_train 1000000000.0"),
    ("--seed 1e30", "seed"),
    # mixers of one's own
    ("--mixers no_such_module:Mixer", "mixer no_such_module:Mixer"),
    ("--mixers wrong:Nothing", "mixer wrong:Nothing"),
    ("--mixers wrong:", "mixer wrong:"),
    ("--mixers :Same", "mixer :Same"),
    ("--mixers broken:Mixer", "mixer broken:Mixer"),
    ("--mixers leaves:Mixer", "mixer leaves:Mixer"),
    ("--mixers wrong:NUMBER", "mixer wrong:NUMBER"),
    ("--mixers wrong:nothing", "mixer wrong:nothing NoneType"),
    ("--mixers wrong:Plain", "mixer wrong:Plain Plain"),
    ("--mixers wrong:Greedy", "mixer wrong:Greedy heads"),
    ("--mixers wrong:Narrow", "mixer wrong:Narrow 15"),
    ("--mixers wrong:Short", "mixer wrong:Short"),
    ("--mixers wrong:Pair", "mixer wrong:Pair tuple"),
    ("--mixers wrong:Fails", "mixer wrong:Fails"),
    ("--mixers wrong:Ahead --causal true", "mixer wrong:Ahead causal"),
    ("--mixers wrong:Ahead --inits scratch,causal", "mixer wrong:Ahead causal"),
    # places
    ("--runs a_file", "runs a_file"),
    ("--runs /dev/full/runs", "runs /dev/full/runs"),
    ("--out a_file", "out a_file"),
    ("--out a_file/there", "out a_file/there"),
    ("--out /dev/full/out", "out /dev/full/out"),
    # words that belong nowhere
    ("dyck", "dyck"),
    ("--lrs", "lrs"),
    ("--seeds", "seeds"),
]
OTHERS = [
    # before big data is made, or a model of the paper's size is built
    ("compare --task pathx --mixers attention --n-heads 3", "n_heads 3"),
    ("compare --task pathx256 --mixers dlr --positions rotary", "positions rotary"),
    ("compare --task listops --mixers s4 --n-ssm 3", "n_ssm 3"),
    ("compare --task listops --fraction 0.0", "fraction 0.0"),
    ("compare --task listops --fraction 96001", "96001"),
    ("compare --task listops --runs a_file", "runs a_file"),
    ("compare --task listops --out a_file", "out a_file"),
    ("compare --task listops --workers 0", "workers 0"),
    ("compare --task pathx --scale paper --mixers attention --block 0", "block 0"),
    ("compare --task text --data-dir no_such", "data_dir no_such"),
    ("compare --task listops --data-dir no_such", "data_dir no_such"),
    ("compare --task listops --min-length 100 --max-length 50", "min_length 100"),
    ("compare --data no_such.csv", "no_such.csv"),
    ("compare --data no_such.csv --data-dir .", "data data_dir"),
    ("compare --task own", "data"),
    ("data listopps", "task listopps"),
    ("data", "task"),
    ("data dyck --length 31", "length 31"),
    ("data dyck --lenght 30", "lenght"),
    ("data dyck --n-train many", "n_train many"),
    ("data dyck --n-train -5", "n_train -5"),
    ("data dyck --n-train nan", "n_train nan"),
    ("data dyck --n-train", "n_train"),
    ("data dyck --data-dir .", "data_dir"),
    ("data dyck recall", "recall"),
    ("data copy_match --symbols 27", "symbols 27"),
    ("data copy_match --half 0", "half 0"),
    ("data copy_match --symbols 2 --half 1 --n-train 4000", "sequences"),
    ("data recall --keys 0", "keys 0"),
    ("data state_tracking --group s9", "group s9"),
    ("data listops --max-depth 0", "max_depth 0"),
    ("data listops --max-args 1", "max_args 1"),
    ("data pathfinder --contour 7", "contour 7"),
    ("data pathfinder --split half", "split half"),
    ("data series --problem NoSuchProblem", "problem NoSuchProblem"),
    ("data series --x-norm minmax", "x_norm minmax"),
    ("data digits --colour red", "colour"),
    ("data speech --data-dir a_file", "data_dir a_file"),
    ("data own", "data"),
    ("data own --data a_file --valid 1.5", "valid 1.5"),
    ("data own --data table.csv --valid nan", "valid nan"),
    ("data own --data table.csv --y no_such", "no_such"),
    ("data own --data table.csv --kind ranking", "kind ranking"),
    ("tasks listopps", "task listopps"),
    ("tasks dyck recall", "recall"),
    ("tasks --name dyck", "--name"),
    ("experiment 99", "experiment 99"),
    ("experiment quick", "experiment quick"),
    ("experiment quickstart --sedes 3", "parameter sedes"),
    ("experiment quickstart --scale huge", "scale huge"),
    ("experiment quickstart --out FILE", "out FILE"),
    ("experiment quickstart --seeds", "seeds"),
    ("status --verbose", "--verbose"),
    ("doctor --runs here", "--runs"),
    ("compare --task listops --lrs 1e-3 --lrs 3e-3", "lrs twice"),
    ("compare --task listops --seeds 20231125", "seeds 20231125"),
    ("budget --task listopps", "task listopps"),
    ("budget --mixers lstm", "mixer lstm"),
    ("budget --mixers ,", "mixers"),
    ("budget --scales huge", "scale huge"),
    ("budget --scales mini,,paper,x", "scale x"),
    ("budget --task dyck --seeds 0", "seeds"),
    ("bench --rows s6", "rows s6"),
    ("bench --lengths long", "lengths long"),
    ("bench --lengths 1024,8", "length 8"),
    ("bench --lengths -5", "length -5"),
    ("bench --device tpu", "device tpu"),
    ("bench --device cuda", "device cuda"),
    ("bench --seconds x", "seconds x"),
    ("bench --seconds nan", "seconds nan"),
    ("bench --seconds -1", "seconds -1"),
    ("bench --rows dlr --publish a_file", "publish a_file"),
    ("bench --data --publish a_file", "publish a_file"),
    ("quickstart --seeds two", "seeds two"),
    ("quickstart --seeds 0", "seeds 0"),
    ("quickstart --scale huge", "scale huge"),
    ("quickstart --scale paper", "scale paper"),
    ("quickstart --workers 0", "workers 0"),
    ("quickstart --runs a_file", "runs a_file"),
    ("quickstart --out a_file", "out a_file"),
    ("quickstart --task dyck", "--task"),
    ("export", "stage"),
    ("export abc", "folder"),
    ("export no_such out", "no_such"),
    ("export ../../etc out", "../../etc"),
    ("export abc out --runs a_file", "runs a_file"),
    ("import", "folder"),
    ("import no_such", "no_such"),
    ("import a_file", "a_file"),
    ("import place", "config.json"),
    ("import place --runs a_file", "runs a_file"),
    ("status no_such", "runs no_such"),
    ("status a_file", "runs a_file"),
    ("status place extra", "extra"),
    ("quikstart", "command quikstart"),
]
FLAGS = [
    # starts, budgets and schedules
    ("--inits masked:2", "masked:2"),
    ("--inits masked:0", "masked:0"),
    ("--inits masked:", "masked:"),
    ("--inits masked:nan", "masked:nan"),
    ("--inits masked:half", "masked:half"),
    ("--inits masked:0.4:0.5", "masked:0.4:0.5"),
    ("--inits scratch:0.4", "scratch:0.4"),
    ("--inits masked+foo", "masked+foo"),
    ("--inits masked+", "masked+"),
    ("--inits masked+structured", "masked+structured"),
    ("--inits scratch+random-ssm", "weights random-ssm"),
    ("--inits scratch,scratch-converged,scratch", "inits scratch"),
    ("--batch-sizes 0", "batch_sizes 0"),
    ("--batch-sizes 16,16", "batch_sizes 16"),
    ("--batch-sizes []", "batch_sizes"),
    ("--batch-sizes big", "batch_sizes big"),
    ("--patience 0", "patience 0"),
    ("--patience soon", "patience soon"),
    ("--converge-steps 0", "converge_steps 0"),
    ("--retries -1", "retries -1"),
    ("--retries 1.5", "retries 1.5"),
    ("--schedule step", "schedule_steps None"),
    ("--schedule plateau --plateau 0", "plateau 0"),
    ("--schedule plateau --decay 1", "decay 1"),
    ("--decay nan", "decay nan"),
    ("--pretrain-schedule step", "pretrain_schedule step"),
    ("--pretrain-warmup -1", "pretrain_warmup -1"),
    # where the work is done
    ("--cluster pbs", "cluster pbs"),
    ("--cluster SLURM", "cluster SLURM"),
    ("--cluster local --cluster-options fast", "cluster_options fast"),
    ("--processes 0", "processes 0"),
    ("--processes two", "processes two"),
    ("--processes -1 --dry-run", "processes -1"),
    ("--dry-run --d-model 0", "d_model 0"),
]


def whole_command(args):
    mixers = "" if "--mixers" in args else "--mixers attention "
    return f"compare --task dyck --scale smoke {mixers}{args}"


CASES = [(whole_command(args), names) for args, names in COMPARE + FLAGS] + OTHERS

# Some of them once more, as processes.
PROCESSES = ["task listopps", "lrs nan", "n_heads 3", "mixer wrong:Ahead causal", "mixer leaves:Mixer", "out a_file", "experiment 99",
             "command quikstart", "seconds nan", "data_dir no_such"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    "A folder with what a command could stumble over."
    place = tmp_path_factory.mktemp("wrong")
    (place / "wrong.py").write_text(MIXERS)
    (place / "broken.py").write_text("def f(:\n")
    (place / "leaves.py").write_text("import sys; sys.exit(3)\n")
    (place / "a_file").write_text("x")
    (place / "place").mkdir()
    (place / "table.csv").write_text("text,label\n" + "".join(f"word {i},{i % 2}\n" for i in range(40)))
    return place


@pytest.fixture
def there(place, monkeypatch):
    monkeypatch.chdir(place)
    monkeypatch.setenv("SPT_DATA", str(place / "data"))
    monkeypatch.setenv("SPT_RUNS", str(place / "runs"))
    return place


def judge(argv, names, status, err, place):
    assert status == 2, f"{argv}: status {status}: {err}"
    assert err.count("\n") == 1 and "Traceback" not in err, err
    assert any(word in err for word in ("allowed", "needed", " --help)")), f"{argv} does not say what is allowed: {err}"
    spelled = err + err.replace("-", "_")  # a flag is spelled with dashes
    missing = [n for n in names.replace("FILE", str(place / "a_file")).split() if n not in spelled]
    assert not missing, f"{argv} does not name {missing}: {err}"
    assert not list(place.glob("runs/[!.]*")), "work was done before the mistake was found"
    assert not list(place.glob("data/*/*.arrow")), "data was made before the mistake was found"


@pytest.fixture
def refused(there, monkeypatch, capfd):
    "Check that one command is refused."
    def check(argv, names):
        monkeypatch.chdir(ROOT if argv.startswith("experiment") else there)
        start = time.process_time()
        status = cli.main(shlex.split(argv.replace("FILE", str(there / "a_file"))))
        judge(argv, names, status, capfd.readouterr().err, there)
        return time.process_time() - start
    return check


def test_every_mistake_is_one_line_before_any_work(refused, measured):
    assert len(CASES) >= 250 and len(set(CASES)) == len(CASES)
    refused(*CASES[0])  # imports what the rest needs
    taken = sorted((refused(*case), case[0]) for case in CASES)
    assert taken[-1][0] < SECONDS, f"{taken[-1]}"
    measured("wrong", cases=len(CASES), median_seconds=round(taken[len(taken) // 2][0], 4), longest_seconds=round(taken[-1][0], 2), longest=taken[-1][1])


def test_mistake_of_a_process(there, size):
    "As a user meets it."
    chosen = [next(c for c in CASES if c[1] == names) for names in PROCESSES][:size(4, len(PROCESSES))]
    for argv, names in chosen:
        p = spt(*shlex.split(argv), cwd=ROOT if argv.startswith("experiment") else there)
        _, err = p.communicate()
        judge(argv, names, p.returncode, err, there)


def test_mistake_inside_an_experiment(there, monkeypatch, capfd):
    "A parameter that only its notebook can judge."
    monkeypatch.chdir(ROOT)
    assert cli.main(["experiment", "quickstart", "--scale", "smoke", "--seeds", "0"]) == 2
    last = capfd.readouterr().err.splitlines()[-1]
    assert last.startswith("spt: seeds is 0; allowed") and [p.name for p in (there / "runs").iterdir()] == ["experiments"]
