"""What stands beside the code: one version everywhere, links that lead somewhere, a workflow that runs what the README runs."""
import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
settings = ConfigParser(delimiters=["="])
settings.read(ROOT / "settings.ini")
VERSION = settings["DEFAULT"]["version"]


def test_citation_names_software_and_paper():
    cite = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert cite["cff-version"] == "1.2.0" and cite["version"] == VERSION
    paper = cite["preferred-citation"]
    assert [a["family-names"] for a in paper["authors"]] == ["Amos", "Berant", "Gupta"]
    assert "2310.02980" in paper["url"] and paper["title"].startswith("Never Train from Scratch")


def test_changelog_knows_this_version():
    assert VERSION in (ROOT / "CHANGELOG.md").read_text()


def test_workflow_tests_every_python_that_is_promised():
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    assert {"run": ".ci/run"} in jobs["test"]["steps"]
    assert "scripts/site" in jobs["site"]["steps"][2]["run"]
    promised = re.findall(r"Python :: (3\.\d+)", (ROOT / "setup.py").read_text())
    assert jobs["test"]["strategy"]["matrix"]["python"] == promised


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_of_documents(name):
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", (ROOT / name).read_text()) if not re.match(r"\w+:|#", link)]
    assert links and not [link for link in links if not (ROOT / link).exists()]


def test_readme_leads_somewhere_outside_the_repository():
    "On PyPI a relative link leads nowhere: the description names files of the repository in full, and each exists."
    p = subprocess.run([sys.executable, "setup.py", "--long-description"], cwd=ROOT, capture_output=True, text=True, check=True)
    links = re.findall(r"\]\(([^)\s]+)\)", p.stdout)
    ours = [link for link in links if link.startswith(settings["DEFAULT"]["git_url"] + "/")]
    assert len(ours) > 10 and not [link for link in links if not link.startswith(("http", "#"))]
    assert not [link for link in ours if not (ROOT / re.split("/(?:blob|raw)/main/", link.split("#")[0])[1]).exists()]


def test_stubs_fit_their_modules():
    "Editors see `Comparison.table`, `Task.subset` and `Store.ready`; `scripts/stubs` writes what this finds missing."
    p = subprocess.run([sys.executable, ROOT / "scripts/stubs", "--check"], capture_output=True, text=True)
    assert p.returncode == 0, p.stdout + p.stderr
    for module, method in (("protocol/comparison", "table(self) -> pd.DataFrame"), ("tasks/task", "subset(self, "), ("runs/store", "ready(self, key: str) -> bool")):
        assert f"    def {method}" in (ROOT / f"spt_nb/{module}.pyi").read_text()
