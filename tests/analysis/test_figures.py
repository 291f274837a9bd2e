"""Every published figure can be drawn again, from its CSV alone."""
from pathlib import Path

import pytest
from matplotlib.testing.compare import compare_images

from spt_nb.core import read_json
from spt_nb.analysis.plots import redraw
from spt_nb.analysis.plots import save_figure

pytestmark = pytest.mark.slow

figures = Path(__file__).parents[2]/"figures"
published = [kept.parent/f"{name}.csv" for kept in sorted(figures.glob("*/figures.json")) for name in read_json(kept)]

def test_there_are_some(): assert len({csv.parent for csv in published}) > 3

@pytest.mark.parametrize("csv", published, ids=lambda csv: f"{csv.parent.name}/{csv.stem}")
def test_redrawn_from_its_table(csv, tmp_path):
    again = tmp_path/csv.with_suffix(".png").name
    save_figure(redraw(csv), again)
    assert compare_images(csv.with_suffix(".png"), again, tol=3) is None # of 255: another version of a font may draw its letters a little otherwise
