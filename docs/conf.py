"""The documentation site: its pages are the notebooks and the documents beside them, read where they stand.

`scripts/site` builds it in `_docs/`. Nothing is executed and no network is needed, neither here nor by the reader.
"""
import json
import re
import shutil
import sys
from configparser import ConfigParser
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "docs"))
import api  # noqa: E402

config = ConfigParser(delimiters=["="])
config.read(ROOT / "settings.ini", encoding="utf-8")
settings = config["DEFAULT"]
REPOSITORY = f"{settings['git_url']}/blob/{settings['branch']}"

# What is read, and by what
project, release, copyright = settings["lib_name"], settings["version"], settings["copyright"]
extensions = ["myst_nb"]
root_doc = "README"
include_patterns = ["*.md", "figures/README.md", "nbs/**.ipynb", "docs/api/*.md"]
exclude_patterns = ["[._]*", "**/.ipynb_checkpoints", "build", "data", "dist", "runs"]
nb_execution_mode = "off"
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_dmath_double_inline = True
myst_heading_anchors = 4
add_module_names = toc_object_entries = False

# How it looks
html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = html_show_search_summary = False
html_theme_options = dict(repository_url=settings["git_url"], repository_branch=settings["branch"],
                          use_repository_button=True, use_download_button=False)

# Formulas are drawn by MathJax, which a package on PyPI carries in many variants; the site takes one along
html_static_path.append(str(Path(find_spec("sphinx-mathjax-offline").origin).parent / "static"))
mathjax_path = "mathjax/tex-chtml.js"
exclude_patterns += [f"**/mathjax/{other}" for other in ("sre", "a11y", "*svg*", "*full*", "*mml*", "input", "output/svg*", "node*")]

# The order of reading
START = [f"/nbs/{page}" for page in ("000_tour", "07_guide", "04_your_architecture", "05_how_it_works")]
ROOMS = api.ROOMS[1:]


def pages(folder, pattern="[0-9]*"):
    return [f"/{page.relative_to(ROOT).with_suffix('')}" for page in sorted((ROOT / folder).glob(f"{pattern}.ipynb"))]


def face(room):
    "The page of a room that is named like its folder and introduces the others."
    return pages(f"nbs/{room}", f"*_{Path(room).name}")[0]


def toctree(caption, entries):
    return "\n".join(["\n\n```{toctree}", ":hidden:", f":caption: {caption}", "", *entries, "```\n"])


experiments = pages("nbs/experiments", "[0-7]*")
CONTENTS = {
    "README": [("Start", START), ("Rooms", [face(room) for room in ROOMS]), ("Experiments", [*experiments, "/figures/README"]),
               ("Foundations", [page for page in pages("nbs") if page not in START]),
               ("Reference", api.names()), ("Project", ["/CONTRIBUTING", "/CHANGELOG"])],
    **{face(room)[1:]: [("Pages", [p for p in pages(f"nbs/{room}") if p not in (face(room), *experiments)])] for room in ROOMS},
}


def readable(cell):
    "A cell without the lines that speak to nbdev; nothing of a cell that is not for readers."
    source = "".join(cell["source"])
    if re.match(r"#\| *(hide|default_exp)", source):
        return []
    return [cell | dict(source=re.sub(r"(?m)^#\|.*\n?", "", source) if cell["cell_type"] == "code" else source)]


def relinked(text, folder, found):
    "Links that lead to a page or a picture stay; those to other files lead to the repository."
    def lead(link):
        path, mark, place = link[1].partition("#")
        target, place = (folder / path).resolve(), mark + place.lower()  # JupyterLab keeps the capitals of a heading
        known = target.relative_to(ROOT).with_suffix("").as_posix() in found or target.suffix == ".png"
        return f"]({path}{place}" if known or not path else f"]({REPOSITORY}/{target.relative_to(ROOT)}{place}"
    return re.sub(r"\]\((?!\w+:)([^)\s]+)", lead, text)


def prepare(app, name, source):
    "Make a page ready to be read, and add the contents that hang on it."
    def links(text): return relinked(text, (ROOT / name).parent, app.env.found_docs)
    contents = "".join(toctree(*part) for part in CONTENTS.get(name, []))
    if not name.startswith("nbs/"):
        source[0] = links(source[0]) + contents
        return
    nb = json.loads(source[0])
    nb["metadata"]["language_info"] = dict(name="python", pygments_lexer="ipython3")
    nb["cells"] = [kept for cell in nb["cells"] for kept in readable(cell)]
    for cell in nb["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = links(cell["source"])
    if contents:
        nb["cells"].append(dict(cell_type="markdown", id="contents", metadata={}, source=contents))
    source[0] = json.dumps(nb)


def enter(app, error):
    "The README is the page that a server shows first."
    if not error:
        shutil.copyfile(Path(app.outdir, "README.html"), Path(app.outdir, "index.html"))


def setup(app):
    api.write()
    app.connect("source-read", prepare)
    app.connect("build-finished", enter)
