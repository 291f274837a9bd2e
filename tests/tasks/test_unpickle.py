"""Batches of CIFAR-10 that want to do harm: refused in one line, and never carried out."""
import builtins
import os
import pickle
import subprocess
import time

import numpy as np
import pytest

from spt_nb.core import SptError
from spt_nb.tasks import image


class Call:
    def __init__(self, f, *args):
        self.how = f, args

    def __reduce__(self):
        return self.how


def hostile(mark):
    good = np.zeros((2, 3072), np.uint8)
    command = f"touch {mark}"
    shape = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85C\x01btR"
    yield "system", pickle.dumps({b"data": Call(os.system, command)})
    for protocol in range(6):
        yield "eval", pickle.dumps({b"data": good, b"labels": Call(eval, f"open({str(mark)!r}, 'w')")}, protocol)
    yield "getattr", pickle.dumps(Call(builtins.getattr, Call(__import__, "os"), "system"))
    yield "Popen", pickle.dumps(Call(subprocess.Popen, ["touch", str(mark)]))
    yield "runstring", f"cnumpy.testing._private.utils\nrunstring\n(S'open({str(mark)!r}, \"w\")'\n(dtR.".encode()
    yield "nosix.system", pickle.dumps({b"data": np.array([Call(os.system, command)], object)}).replace(b"posix", b"nosix")
    yield "uint8", pickle.dumps({b"data": np.array([{}], object)})
    yield "uint8", pickle.dumps({b"data": np.zeros((2, 3072))})
    yield "fit", b"}C\x04data" + shape + b"(K\x01J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86cnumpy\ndtype\n(X\x02\x00\x00\x00u1tR\x89C\x01atbs."
    yield "fit", b"}C\x04data" + shape + b"(K\x01(K\x01ttb)s."
    yield "BINPERSID", b"\x80\x04K\x01Q."
    yield "EXT1", b"\x80\x04\x82\x01."
    yield "INST", b"(S'true'\nios\nsystem\n."
    yield "OBJ", b"(cnumpy\ndtype\no."
    yield "changes something else", b"c_codecs\nencode\nN}C\x08__name__C\x01as\x86b."
    yield "more than its own size", b"(" + b"X\xe8\x03\x00\x00" + b"a" * 1000 + b"q\x01" + b"c_codecs\nencode\nh\x01X\x06\x00\x00\x00latin1\x86R" * 9 + b"t."
    yield "tuples", b"})" + b"q\x00h\x00\x86" * 60 + b"K\x01s."
    yield "tuples", b"})" + b"K\x00\x86" * 100_000 + b"K\x01s."
    yield "tuples", b"()q\x00" + b"cnumpy\ndtype\nh\x00h\x00\x86q\x00R" * 60 + b"l."
    yield "memo", b"}r\xff\xff\xff\x7f."
    yield "instruction FLOAT", b"F1\n."
    yield "instructions", b"(" + b"]" * 2_000_000 + b"t."
    yield "dict", pickle.dumps([1, 2])
    yield "tuples", b"}C\x04data" + pickle.dumps(np.zeros((1, 3072), np.uint8), 2)[2:-1] + b"sC\x06labels](" + b")" + b"q\x00h\x00\x86" * 60 + b"es."
    yield "data is no array", pickle.dumps({b"labels": [1]})
    yield "has no labels", pickle.dumps({b"data": good, b"fine_labels": [1, 2]})
    yield "has 3 labels", pickle.dumps({b"data": good, b"labels": [1, 2, 3]})
    yield "row 1: label is 10", pickle.dumps({b"data": good, b"labels": [1, 10]})
    yield "(2, 3071)", pickle.dumps({b"data": good[:, 1:].copy(), b"labels": [1, 2]})
    yield "no batch", pickle.dumps({b"data": good, b"labels": [1, 2]}, 2)[:3000]
    yield "0 bytes", b""
    yield "no batch", b"\x1f\x8b garbage"


def test_hostile_and_broken_pickles_are_refused_and_never_run(tmp_path, monkeypatch):
    mark, folder = tmp_path / "was-run", tmp_path / "cifar-10-batches-py"
    monkeypatch.setenv("SPT_DATA", str(tmp_path / "cache"))
    folder.mkdir()
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        (folder / name).write_bytes(pickle.dumps({b"data": np.zeros((2, 3072), np.uint8), b"labels": [1, 2]}, 2))
    for i, (why, raw) in enumerate(hostile(mark)):
        (folder / "data_batch_2").write_bytes(raw)
        start = time.process_time()
        with pytest.raises(SptError) as e:
            image.image(tmp_path)
        said = str(e.value)
        assert why in said and "data_batch_2" in said and "\n" not in said and len(said) < 300, (i, why, said)
        assert time.process_time() - start < 5, (i, why)  # not for ever; usually milliseconds
        assert not mark.exists(), (i, why)
    (folder / "data_batch_2").unlink()
    with pytest.raises(SptError, match="data_batch_2 is missing"):
        image.image(tmp_path)
