"""Speech Commands from archives of the official format, odd and broken ones, from the hub, and in volume."""
import struct
import subprocess
import sys

import datasets
import numpy as np
import pytest

from spt_nb.core import SptError
from spt_nb.tasks import speech
from spt_nb.tasks.batches import Split


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "cache"))


def wav(data: bytes, rate=16_000, channels=1, bits=16, kind=1, before=b"", after=b""):
    "A WAV file byte by byte."
    align = channels * bits // 8
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, kind, channels, rate, rate * align, align, bits)
    body = b"WAVE" + fmt + before + struct.pack("<4sI", b"data", len(data)) + data + after
    return struct.pack("<4sI", b"RIFF", len(body)) + body


def sound(i, n=16_000):
    return np.random.default_rng(i).integers(-3000, 3000, n, dtype=np.int16)


def archive(folder, per_word=12, words=speech.WORDS):
    "An archive; returns {name: samples}."
    clips, lists = {}, {"validation_list.txt": [], "testing_list.txt": []}
    for w in words:
        (folder / w).mkdir(parents=True)
        for i in range(per_word):
            name = f"{w}/{len(clips):08x}_nohash_{i % 3}.wav"
            clips[name] = sound(len(clips), (16_000, 16_000, 9_001, 17_000)[i % 4])
            (folder / name).write_bytes(wav(clips[name].tobytes()))
            if i % 6 < 2:
                lists[("validation_list.txt", "testing_list.txt")[i % 6]].append(name)
    for name, lines in lists.items():
        (folder / name).write_text("\n".join(lines) + "\n")
    return clips, lists


def fitted(x):
    return np.pad(x[:16_000], (0, max(0, 16_000 - len(x))))


def rows(split):
    s = Split(split)
    return {s.x.raw(i).tobytes(): speech.WORDS[y] for i, y in enumerate(s.y)}


@pytest.mark.parametrize("inside", ["", "speech_commands_v0.02", "SpeechCommands", "SpeechCommands/speech_commands_v0.02"])
def test_archive_with_what_real_ones_hold(tmp_path, inside):
    folder = tmp_path / "data" / inside
    clips, lists = archive(folder)
    (folder / "validation_list.txt").write_bytes(("\ufeff" + "\r\n".join(lists["validation_list.txt"]) + "\r\n\r\n").encode())
    (folder / "testing_list.txt").write_text("\n".join(lists["testing_list.txt"]))  # no end of line
    (folder / "_background_noise_").mkdir()
    (folder / "_background_noise_/pink_noise.wav").write_bytes(wav(bytes(1000), 8000))
    for name in ("README.md", "LICENSE", ".DS_Store", "bed/.DS_Store", "bed/._00000000_nohash_0.wav", "bed/notes.txt"):
        (folder / name).write_bytes(b"\xff no clip")
    (folder / "__MACOSX").mkdir()
    (folder / "zero/ABC.WAV").write_bytes(wav(sound(-1 % 10**6).tobytes(), before=b"LIST\x04\0\0\0INFO", after=b"junk"))
    clips["zero/ABC.WAV"] = sound(-1 % 10**6)
    task = speech.load(tmp_path / "data")
    named = dict(valid=lists["validation_list.txt"], test=lists["testing_list.txt"])
    named["train"] = set(clips) - {*named["valid"], *named["test"]}
    for split in ("train", "valid", "test"):
        assert rows(getattr(task, split)) == {fitted(clips[c]).tobytes(): c.split("/")[0] for c in named[split]}
    assert task.n_outputs == 35 and task.length == 16_000 and task.mask_ratio == .25 and "281 / 70 / 70 clips" in task.source
    y = Split(task.train).y
    assert np.corrcoef(y, np.arange(len(y)))[0, 1]**2 < .1  # not sorted by word


def test_values_and_sizes(tmp_path):
    archive(tmp_path, 12, speech.WORDS[:6])
    task, fidelity, few = speech.load(tmp_path), speech.load(tmp_path, x_norm="per_step"), speech.load(tmp_path, n_train=7, n_test=2)
    s, f = Split(task.train), Split(fidelity.train)
    audio = np.stack([s.x.raw(i) for i in range(len(s))])/2**15  # as an audio reader gives it
    x = audio/2**15
    want = (x - x.mean(0))/(x.std(0, ddof=1) + 1e-5)
    np.testing.assert_allclose(np.stack([f.x(i)[:, 0] for i in range(len(s))]), want, atol=1e-5)
    np.testing.assert_allclose(np.stack([s.x(i)[:, 0] for i in range(len(s))]), (audio - audio.mean())/audio.std(), atol=1e-4)
    assert (len(few.train), len(few.valid), len(few.test)) == (7, 12, 2)
    assert (Split(few.train).x(0) == s.x([Split(few.train).x.raw(0).tobytes() == s.x.raw(i).tobytes() for i in range(len(s))].index(True))).all()
    assert len({t.fingerprint for t in (task, fidelity, few)}) == 3
    assert len(list((tmp_path / "cache").glob("speech-*"))) == 1


BROKEN = [(wav(bytes(100), 8000), "8000 Hz"), (wav(bytes(100), channels=2), "2 channels"), (wav(bytes(99), bits=24), "24 bit"),
          (wav(bytes(100), bits=8), "8 bit"), (wav(bytes(400), bits=32, kind=3), "unknown format: 3"), (wav(bytes(400), kind=7), "unknown format: 7"),
          (wav(bytes(32_000))[:5000], "is cut off: 2478 samples of 16000"), (wav(bytes(100))[:30], "no WAV file"), (b"", "no WAV file"),
          (wav(b""), "has no samples"), (b"fLaC" + bytes(100), "no WAV file"), (wav(bytes(100), channels=0), "no WAV file"),
          (wav(bytes(100)).replace(b"data\x64\0\0\0", b"data\xff\xff\xff\xff"), "is cut off")]


def test_broken_archives_are_named(tmp_path):
    folder = tmp_path / "SpeechCommands"
    archive(folder, 12, speech.WORDS[:3])

    def said():
        with pytest.raises(SptError) as e:
            speech.load(tmp_path)
        assert "\n" not in str(e.value) and len(str(e.value)) < 300
        return str(e.value)

    bad = folder / "bed/bad.wav"
    for raw, why in BROKEN:
        bad.write_bytes(raw)
        assert why in said() and "bed/bad.wav" in said()
    bad.unlink()
    bad.mkdir()
    assert "bad.wav cannot be read" in said()
    bad.rmdir()
    test_list = folder / "testing_list.txt"
    good = test_list.read_text()
    for line, why in [("bed/none.wav", "line 7: bed/none.wav is missing"), ("bird2/a.wav", "line 7: 'bird2/a.wav'"), ("/etc/passwd", "line 7: '/etc/passwd'"),
                      ("bed/../cat/a.wav", "line 7: 'bed/../cat/a.wav'"), ((folder / "validation_list.txt").read_text().split()[2], "is in both")]:
        test_list.write_text(good + line + "\n")
        assert why in said()
    test_list.write_bytes(b"\xff\xfe\x00")
    assert "testing_list.txt is no text" in said()
    test_list.unlink()
    assert "testing_list.txt is missing" in said()
    assert not list((tmp_path / "cache").glob("speech-*"))


def test_the_hub_copy(tmp_path, monkeypatch):
    names, asked = sorted(speech.WORDS) + ["_silence_"], []
    def part(k):
        labels = [i % 36 for i in range(72)]
        audio = [{"bytes": wav(sound(100*k + i, 16_000 - i).tobytes()) if y < 35 else b"never decoded", "path": "a.wav"} for i, y in enumerate(labels)]
        ds = datasets.Dataset.from_dict(dict(file=["f"]*72, audio=audio, label=labels)).cast_column("label", datasets.ClassLabel(names=names))
        return ds.cast_column("audio", datasets.Audio(16_000))

    for k, split in enumerate(("train", "validation", "test")):  # the folders of the converted branch
        (tmp_path / f"repo/v0.02/{split}").mkdir(parents=True)
        part(k).to_parquet(tmp_path / f"repo/v0.02/{split}/0000.parquet")

    def hub(path, name=None, revision=None, **options):
        asked.append((path, revision))
        return datasets.load_dataset(str(tmp_path / "repo"), name, cache_dir=tmp_path / "hf", **options)

    monkeypatch.setattr("spt_nb.tasks.cache.load_dataset", hub)
    task, again = speech.load(), speech.load(x_norm="per_step")
    assert asked == [("google/speech_commands", "refs/convert/parquet")]
    for k, split in enumerate((task.train, task.valid, task.test)):
        assert rows(split) == {fitted(sound(100*k + i, 16_000 - i)).tobytes(): names[i % 36] for i in range(72) if i % 36 != 35}
    assert "not testing_list.txt" in task.source and task.fingerprint != again.fingerprint


MEASURE = """
import sys
from spt_nb.tasks import speech
def mb(what): return int(next(l for l in open("/proc/self/status") if l.startswith(what)).split()[1])//1024
before = mb("VmRSS")
speech.load(sys.argv[1])
converting, between = mb("VmHWM") - before, mb("VmRSS")
speech.load(sys.argv[1])
print(converting, mb("VmRSS") - between)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_archive(tmp_path):
    archive(tmp_path, 12)
    raw = wav(sound(1).tobytes())
    for w in speech.WORDS:  # 5000 clips, 170 MB
        for i in range(150):
            (tmp_path / w / f"{i}_nohash_0.wav").write_bytes(raw)
    out = subprocess.run([sys.executable, "-c", MEASURE, str(tmp_path)], capture_output=True, text=True, check=True).stdout
    converting, opening = map(int, out.split())
    assert converting < 600 and opening < 300, out
