"""The law of the house: which way imports run, how long a module, a line and a cell may be, and that every page is found where it is looked for."""
import ast
import json
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS = [{"core", "config", "arguments"}, {"tasks", "models", "objectives", "runs"}, {"training", "analysis"}, {"protocol", "bench"}, {"experiments"}, {"cli"}, {"__main__"}]
EXTRAS = {"argcomplete", "transformers", "tokenizers", "aeon", "ipywidgets", "soundfile"}  # a function may import what not everybody has
MODULES = sorted(p for p in (ROOT / "spt_nb").rglob("*.py") if p.name != "_modidx.py")
PAGES = sorted(p for p in (ROOT / "nbs").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)


def ids(p):
    return str(p.relative_to(ROOT))


def tree(path):
    return ast.parse(path.read_text())


def dotted(path):
    "The name of a module, `spt_nb` left out: `tasks.own.load`; a package is called like its folder."
    return ".".join(path.relative_to(ROOT / "spt_nb").with_suffix("").parts).removesuffix("__init__").rstrip(".")


NAMES = {dotted(p) for p in MODULES}


def imported(path, node):
    "Modules of this package that an import statement reads, and the names it takes from each."
    if isinstance(node, ast.Import):
        return [(a.name.partition(".")[2], []) for a in node.names if a.name.split(".")[0] == "spt_nb"]
    if not isinstance(node, ast.ImportFrom):
        return []
    if node.level:
        folder = path.parents[node.level - 1].relative_to(ROOT / "spt_nb").parts
    elif (node.module or "").split(".")[0] == "spt_nb":
        folder = ()
    else:
        return []
    base = ".".join([*folder, *(node.module or "").removeprefix("spt_nb").strip(".").split(".")]).strip(".")
    below = {a.name: f"{base}.{a.name}".strip(".") for a in node.names}
    return [(below[a.name], []) if below[a.name] in NAMES else (base, [a.name]) for a in node.names]


def arrows(path):
    return {(m, n) for node in ast.walk(tree(path)) for m, names in imported(path, node) for n in names or [""]}


def floor(name):
    room = name.split(".")[0]
    return next((i for i, rooms in enumerate(FLOORS) if room in rooms), 0)


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_imports_run_one_way(path):
    "A module imports from its own room and from lower floors."
    here = dotted(path)
    beside = {m for m, _ in arrows(path) if m.split(".")[0] != here.split(".")[0] and floor(m) >= floor(here)}
    wrong = sorted(m for m in beside if floor(m) > 0)  # core and the small modules next to it know each other
    assert not wrong, f"{here} imports {wrong}, which do not lie below"


def test_no_circle():
    TopologicalSorter({dotted(p): {m for m, _ in arrows(p)} - {dotted(p)} for p in MODULES}).prepare()


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_private_names_stay_at_home(path):
    code = tree(path)
    modules = {a.asname or a.name for n in ast.walk(code) if isinstance(n, ast.ImportFrom) for a in n.names
               if any(m.endswith(a.name) and not names for m, names in imported(path, n))}
    taken = {n for _, n in arrows(path) if n.startswith("_") and not n.startswith("__")}
    taken |= {f"{n.value.id}.{n.attr}" for n in ast.walk(code) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)
              and n.value.id in modules and n.attr.startswith("_") and not n.attr.startswith("__")}
    assert not taken


@pytest.mark.parametrize("path", [p for p in MODULES if dotted(p) not in ("cli", "tasks")], ids=ids)
def test_imports_stand_at_the_top(path):
    "Only the command, the catalogue and what needs an extra import inside a function."
    inside = [n for f in ast.walk(tree(path)) if isinstance(f, (ast.FunctionDef, ast.AsyncFunctionDef)) for n in ast.walk(f)
              if isinstance(n, (ast.Import, ast.ImportFrom))]
    assert not [ast.unparse(n) for n in inside if (getattr(n, "module", None) or n.names[0].name).split(".")[0] not in EXTRAS]


@pytest.mark.parametrize("path", MODULES, ids=ids)
def test_a_module_fits_on_a_few_screens(path):
    lines = re.sub(r"(?s)__all__ = \[.*?\]", "", path.read_text(), count=1).splitlines()  # which nbdev writes
    assert len(lines) <= 250
    assert not [i for i, line in enumerate(lines, 1) if len(line) > 120]


def test_ten_rooms():
    "Not more rooms, and not more modules than there are: a new one replaces another."
    assert len({p.parent for p in MODULES} - {ROOT / "spt_nb"}) <= 10
    assert sum(p.name != "__init__.py" for p in MODULES) <= 95


def cells(path):
    return [(c["cell_type"], "".join(c["source"])) for c in json.loads(path.read_text())["cells"]]


@pytest.mark.parametrize("path", PAGES, ids=ids)
def test_a_cell_holds_one_idea(path):
    code = [s.splitlines() for kind, s in cells(path) if kind == "code"]
    assert not [c[0] for c in code if len(c) > 25]
    assert not [line for c in code for line in c if len(line) > 120]


@pytest.mark.parametrize("path", PAGES, ids=ids)
def test_a_sentence_stands_between_exported_cells(path):
    exported = [(bool(re.match(r"#\| *export", s)), s) for _, s in cells(path)]
    assert not [s for (before, _), (now, s) in zip(exported, exported[1:]) if before and now]


@pytest.mark.parametrize("path", PAGES, ids=ids)
def test_a_page_its_module_and_its_number(path):
    "`nbs/models/05_s4.ipynb` exports `spt_nb/models/s4.py`; a page named like its folder exports the folder's `__init__`."
    folder = path.relative_to(ROOT / "nbs").parent.parts
    number, _, name = path.stem.partition("_")
    exports = [m[1] for _, s in cells(path) if (m := re.match(r"#\| *default_exp (\S+)", s))]
    face = path.stem == "000_tour" or bool(folder) and name == folder[-1]
    assert path.stem == "000_tour" or re.fullmatch(r"\d\d", number)
    named = "__init__" if face else "__main__" if path.stem == "06_main" else name
    assert exports in ([], [".".join([*folder, named])])


def test_numbers_leave_no_gap():
    "Two digits, one after the other; a full ten opens a new part of a folder."
    for folder in {p.parent for p in PAGES}:
        numbers = sorted(int(p.stem[:2]) for p in PAGES if p.parent == folder and p.stem != "000_tour")
        assert all(b == a + 1 or b % 10 == 0 and b > a for a, b in zip(numbers, numbers[1:])), f"{folder}: {numbers}; scripts/renumber mends it"


@pytest.mark.parametrize("path", [ROOT / "README.md", *PAGES], ids=ids)
def test_links_lead_somewhere(path):
    text = path.read_text() if path.suffix == ".md" else "\n".join(s for kind, s in cells(path) if kind == "markdown")
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if not re.match(r"\w+:", link)]
    assert not [link for link in links if link and not (path.parent / link).exists()]
