"""The documentation site builds without a warning, every link in it leads somewhere, and it asks nothing of the network."""
import ast
import re
import subprocess
from html import unescape
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

MISSING = [name for name in ("sphinx", "myst_nb", "sphinx_book_theme", "sphinx-mathjax-offline") if not find_spec(name)]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(MISSING), reason=f"pip install '.[site]': {MISSING} not installed")]

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    "Path in the site -> text of the page."
    folder = tmp_path_factory.mktemp("site") / "html"
    p = subprocess.run([ROOT / "scripts/site", folder], capture_output=True, text=True)
    assert p.returncode == 0, p.stderr[-4000:]
    return folder, {f.relative_to(folder).as_posix(): f.read_text() for f in sorted(folder.rglob("*.html")) if "_static" not in f.parts}


def places(page):
    return set(re.findall(r'\b(?:id|name)="([^"]+)"', page)) | {"", "top"}


def test_every_page_is_there(site):
    "Notebooks, documents and a page of reference for each room."
    _, pages = site
    for source in [*ROOT.glob("nbs/**/*.ipynb"), *ROOT.glob("*.md"), ROOT / "figures/README.md"]:
        if ".ipynb_checkpoints" not in source.parts:
            assert source.relative_to(ROOT).with_suffix(".html").as_posix() in pages
    assert pages["index.html"] == pages["README.html"]


def test_links_and_pictures_lead_somewhere(site):
    folder, pages = site
    known, wrong = {name: places(page) for name, page in pages.items()}, set()
    for name, page in pages.items():
        for link in set(re.findall(r'\b(?:href|src)="([^"]*)"', re.sub(r"(?s)<script>.*?</script>|<pre>.*?</pre>", "", page))):
            path, anchor = urldefrag(unescape(link))
            if re.match(r"\w+:|//", path):
                continue
            path = unquote(path.partition("?")[0])
            target = (folder / name).parent / path if path else folder / name
            there = target.resolve().relative_to(folder.resolve()).as_posix()
            if not target.exists() or there in known and unquote(anchor) not in known[there]:
                wrong.add((name, link))
    assert not wrong


def test_links_to_the_repository_name_files_that_exist(site):
    _, pages = site
    named = {link for page in pages.values() for link in re.findall(r'href="https://github.com/spt-nb/spt-nb/blob/main/([^"#]+)', page)}
    assert named and not [link for link in named if not (ROOT / unquote(link.partition("?")[0])).exists()]


def test_nothing_comes_from_the_network(site):
    "Scripts, styles, fonts, pictures and MathJax are files of the site."
    folder, pages = site
    for name, page in pages.items():
        assert not re.findall(r'<(?:script|img|iframe|source)\b[^>]*\bsrc="(?:https?:)?//[^"]*"', page), name
        assert not re.findall(r'<link\b[^>]*rel="(?:stylesheet|preload)"[^>]*href="(?:https?:)?//[^"]*"', page), name
    assert "_static/mathjax/tex-chtml.js" in pages["nbs/models/05_s4.html"]
    assert list(folder.glob("_static/mathjax/output/chtml/fonts/*/*.woff")) and (folder / "searchindex.js").exists()


def test_readers_see_no_directive_and_no_raw_formula(site):
    for name, page in site[1].items():
        assert '<span class="c1">#|' not in page, name
        assert "$$" not in re.sub(r"(?s)<pre>.*?</pre>|<code.*?</code>", "", page), name


def test_reference_has_every_public_name(site):
    "What it takes, gives and refuses stands there too."
    text = "".join(page for name, page in site[1].items() if name.startswith("docs/api/"))
    for path in ROOT.glob("spt_nb/**/*.py"):
        if path.name == "_modidx.py":
            continue
        tree = ast.parse(path.read_text())
        exported = next((ast.literal_eval(n.value) for n in tree.body if isinstance(n, ast.Assign) and getattr(n.targets[0], "id", "") == "__all__"), [])
        defined = {getattr(n, "name", "") for n in tree.body}
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        assert not [n for n in exported if n in defined and f'id="{module}.{n}"' not in text]
    rotary = re.sub(r"<[^>]*>", "", text[text.index('id="spt_nb.models.attention.rotary"'):].split('<dl class="py')[0])
    for said in ("Queries or keys, (B, heads, L, d), d even", "SptError", "the size of a head is {d}"):
        assert said in rotary
