"""Kill whole processes at random moments: what comes out must be equal, bit for bit, to an undisturbed run."""
import subprocess
import sys

import pytest
from helpers import RESULTS, STAGE, run_killed

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("mixer, init, which", [("attention", "masked", "pretrain"), ("dlr", "causal", "finetune")])
def test_killed_stage_is_bit_equal(tmp_path, mixer, init, which, size):
    whole, broken, kills = tmp_path / "whole", tmp_path / "broken", size(2, 5)
    out = subprocess.run([sys.executable, "-c", STAGE, whole, mixer, init, which], check=True, capture_output=True, text=True)
    assert run_killed(STAGE, broken, (mixer, init, which), kills=kills, seed=len(mixer)) == kills
    for key in set(out.stdout.split()):  # the stage, and the pretraining it needed
        for name in RESULTS:
            assert (whole / key / name).read_bytes() == (broken / key / name).read_bytes(), name
