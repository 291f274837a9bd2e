"""Models as folders: what comes back bit by bit, what goes to the Hub, and that nothing of somebody else runs."""
import copy
import pickle
import shutil

import pytest
import torch
from huggingface_hub import HfApi, ModelCard
from torch import nn

from spt_nb.core import SptError
from spt_nb.models import SequenceModel
from spt_nb.models.mixer import MIXERS


class Shift(nn.Module):
    def __init__(self, d_model, by=1):
        super().__init__()
        self.by, self.out = by, nn.Linear(d_model, d_model)

    def forward(self, x):
        return self.out(x.roll(self.by, 1))


def build(mixer, **options):
    torch.manual_seed(0)
    return SequenceModel(mixer, 8, 2, 3, **dict(vocab_size=5, ff_expand=2, positions="learned", max_length=16) | options)


def same(a, b):
    assert a.state_dict().keys() == b.state_dict().keys()
    assert all(torch.equal(v, b.state_dict()[k]) for k, v in a.state_dict().items())
    x = torch.randint(0, 5, (2, 9))
    assert torch.equal(a.eval()(x), b.eval()(x))


@pytest.mark.parametrize("mixer", MIXERS)
def test_every_mixer_comes_back(mixer, tmp_path):
    model = build(mixer, norm="batch", causal=True, head="mlp", dropout=.1)
    model.save_pretrained(tmp_path)
    assert {f.name for f in tmp_path.iterdir()} == {"config.json", "model.safetensors", "README.md"}
    same(model, SequenceModel.from_pretrained(tmp_path))
    same(model, pickle.loads(pickle.dumps(model)))
    same(model, copy.deepcopy(model))


def test_the_card(tmp_path):
    build("s4", mixer_args=dict(d_state=4)).save_pretrained(tmp_path)
    card = ModelCard.load(tmp_path / "README.md")
    assert card.data.library_name == "spt_nb" and "long-sequences" in card.data.tags
    assert "'d_state': 4" in card.text and "SequenceModel.from_pretrained" in card.text


def test_own_class(tmp_path):
    model = build(Shift, mixer_args=dict(by=2))
    model.save_pretrained(tmp_path)
    same(model, SequenceModel.from_pretrained(tmp_path, mixer=Shift))
    with pytest.raises(SptError, match="mixer=YourClass"):
        SequenceModel.from_pretrained(tmp_path)


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(SptError, match="/none', which does not exist; allowed: a folder, or a name on the Hub"):
        SequenceModel.from_pretrained(tmp_path / "none")


@pytest.mark.parametrize("name", ["subprocess:getoutput", "evil.py:Mixer", 3])
def test_a_configuration_runs_nothing(name, tmp_path, monkeypatch):
    build("s4").save_pretrained(tmp_path)
    config = tmp_path / "config.json"
    config.write_text(config.read_text().replace('"s4"', f'"{name}"' if isinstance(name, str) else "3"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evil.py").write_text("open('ran', 'w')")
    with pytest.raises(SptError):
        SequenceModel.from_pretrained(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_nothing_is_unpickled(tmp_path):
    model = build("s4")
    model.save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(model.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(SptError, match="has no model.safetensors"):
        SequenceModel.from_pretrained(tmp_path)


def test_to_the_hub_and_back(tmp_path, monkeypatch):
    hub = tmp_path / "hub"

    def create_repo(self, repo_id, **options):
        return type("Url", (), dict(repo_id=repo_id))

    def upload_folder(self, repo_id, folder_path, **options):
        shutil.copytree(folder_path, hub / repo_id)

    def download(repo_id, filename, **options):
        return str(hub / repo_id / filename)

    monkeypatch.setattr(HfApi, "create_repo", create_repo)
    monkeypatch.setattr(HfApi, "upload_folder", upload_folder)
    for module in ("huggingface_hub.hub_mixin", "spt_nb.models.mixer"):
        monkeypatch.setattr(f"{module}.hf_hub_download", download)
    model = build("dlr")
    model.push_to_hub("somebody/dlr")
    assert (hub / "somebody/dlr/model.safetensors").exists()
    same(model, SequenceModel.from_pretrained("somebody/dlr"))
