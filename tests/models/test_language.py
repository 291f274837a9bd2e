"""A language model goes through the same protocol as every other model: found by its files, computed once, resumed exactly, handed on."""
import shutil
import subprocess
import sys

import pytest
import safetensors.torch
import torch

from helpers import RESULTS, run_killed
from spt_nb.core import SptError, read_json
from spt_nb.protocol import compare, prepare
from spt_nb.protocol.export import export, load_model

pytestmark = pytest.mark.slow

CODE = """
import sys, torch
torch.set_num_threads(1)
from spt_nb.protocol import prepare
c = prepare("copy_match", ["pythia"], ["text-lm"], 1, "smoke", runs=sys.argv[1], quiet=True, lrs=1e-3, pretrain_steps=200, finetune_steps=600, valid_every=50)
stage = c.trials["pythia", "text-lm", 0].candidates[0]
print(stage.hash, flush=True)
stage.obtain(c.store)
"""
SMALL = dict(seeds=2, scale="smoke", workers=1, quiet=True)


@pytest.fixture
def lm(tmp_path):
    "A small GPT-NeoX and its tokenizer, as the hub would give them."
    pytest.importorskip("transformers")
    return save_tiny(tmp_path / "lm")


def save_tiny(folder, seed=0):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM
    symbols = ["<|endoftext|>", "<|padding|>", *sorted(pre_tokenizers.ByteLevel.alphabet()), *map(str, range(10, 256))]
    tokenizer = Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(symbols)}, merges=[], ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.add_special_tokens(symbols[:2])
    torch.manual_seed(seed)
    config = GPTNeoXConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=128, vocab_size=len(symbols), eos_token_id=0)
    GPTNeoXForCausalLM(config).half().save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.mark.parametrize("task", ["copy_match", "digits", "chains"])
def test_it_is_compared_with_its_control(task, lm, tmp_path):
    c = compare(task, ["pythia"], ["scratch", "text-lm"], runs=tmp_path / "runs", lm=str(lm), **SMALL)
    assert not c.failed and len(c.rows) == 4 and c.rows.score.notna().all() and (c.rows.flops > 0).all()
    control, language = (c.trials["pythia", i, 0].candidates[0] for i in ("scratch", "text-lm"))
    assert control == language.but(pretrain=None) and (language.model.d_model, language.model.n_layers) == (32, 2)
    ledger = {line["tensor"]: line["action"] for line in read_json(c.store.path(language.hash) / "ledger.json") if line["action"] != "dropped"}
    assert {n for n, a in ledger.items() if a == "fresh"} == {n for n in ledger if n.startswith("head.")}
    start = language.build(c.task)
    language.pretrain.transfer(c.store.path(language.pretrain.hash), c.task, start)
    theirs = safetensors.torch.load_file(lm / "model.safetensors")
    for name, tensor in start.state_dict().items():
        if name.startswith("body."):
            assert torch.equal(tensor, theirs[name.replace("body.", "gpt_neox.")].float())


def test_a_changed_folder_is_another_model(lm, tmp_path):
    def stage():
        return prepare("copy_match", ["pythia"], ["text-lm"], 1, "smoke", runs=tmp_path / "runs", lm=str(lm)).trials["pythia", "text-lm", 0].candidates[0].pretrain
    one = stage()
    moved = one.but(lm=str(shutil.copytree(lm, tmp_path / "moved")))
    save_tiny(lm, seed=1)
    two = stage()
    assert one.hash == moved.hash != two.hash
    with pytest.raises(SptError, match=f"allowed: {one.fingerprint}, with which this stage began"):
        one.compute(None, tmp_path)


def test_a_stage_needs_its_folder_once(lm, tmp_path):
    c = compare("copy_match", ["pythia"], ["text-lm"], runs=tmp_path / "runs", lm=str(lm), **SMALL)
    shutil.rmtree(lm)
    trial = c.trials["pythia", "text-lm", 0]
    more = trial.but(candidates=[trial.candidates[0].but(seed=7)])
    assert read_json(more.obtain(c.store) / "metrics.json")["test"]


def test_wrong_models_are_found_before_any_work(lm, tmp_path):
    def wrong(match, **kw):
        with pytest.raises(SptError, match=match):
            prepare(**dict(task="copy_match", mixers=["pythia"], inits=["text-lm"], scale="smoke", runs=tmp_path / "runs") | kw)
    wrong("init is 'masked' with mixer 'pythia'", inits=["masked"])
    wrong("init is 'text-lm' with mixer 'dlr'", mixers=["dlr"])
    wrong("channels is 2 and levels is None; allowed with mixer 'pythia'", data=series(tmp_path), task="own", inits=["scratch"])
    (lm / "config.json").write_text((lm / "config.json").read_text().replace('"gpt_neox"', '"gpt2"'))
    wrong("model_type of lm is 'gpt2'; allowed: gpt_neox", lm=str(lm))
    (lm / "model.safetensors").unlink()
    wrong(r"has no \*.safetensors", lm=str(lm))
    assert not list((tmp_path / "runs").glob("*"))


def series(folder):
    import datasets
    rows = [dict(x=[[float(i + t), float(t)] for t in range(6)], y=i % 2) for i in range(40)]
    path = folder / "series.parquet"
    datasets.Dataset.from_list(rows).to_parquet(path)
    return str(path)


def test_resume_is_exact(tmp_path):
    pytest.importorskip("transformers")
    straight, broken = tmp_path / "straight", tmp_path / "broken"
    run_killed(CODE, straight, [], 0, 0)
    assert run_killed(CODE, broken, [], 1, 0) == 1
    keys = [p.name for p in straight.glob("*") if (p / "manifest.json").is_file()]
    assert len(keys) == 2  # the language model, and its fine-tuning
    for key in keys:
        for name in RESULTS:
            assert (straight / key / name).read_bytes() == (broken / key / name).read_bytes()


def test_it_can_be_handed_on(lm, tmp_path):
    c = compare("digits", ["pythia"], ["text-lm"], runs=tmp_path / "runs", lm=str(lm), **SMALL)
    stage = next(s for s in c.trials["pythia", "text-lm", 0].candidates if s.hash == c.rows.chosen[0])
    model = load_model(export(stage.hash, c.store, tmp_path / "out"))
    again = stage.build(c.task).eval()
    again.load_state_dict(safetensors.torch.load_file(c.store.path(stage.hash) / "weights.safetensors"))
    x = torch.randn(2, 64, 1)
    with torch.no_grad():
        assert torch.equal(model(x), again(x))
    assert "a language model of text by others" in (tmp_path / "out" / "README.md").read_text()


def test_without_the_package_one_line_says_what_to_install(tmp_path):
    code = "import sys; sys.modules['transformers'] = None; from spt_nb.cli import main; sys.exit(main())"
    p = subprocess.run([sys.executable, "-c", code, "compare", "--task", "copy_match", "--mixers", "pythia", "--inits", "scratch", "--scale", "smoke",
                        "--runs", str(tmp_path / "runs")], capture_output=True, text=True)
    assert p.returncode == 2 and len(p.stderr.strip().splitlines()) == 1
    assert "needs the package transformers; allowed: after pip install -e '.[lm]'" in p.stderr
