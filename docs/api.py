"""Pages of reference, one a room: what each public name takes, gives and refuses.

The modules are read, not imported. A comment beside an argument says what it is, as in nbdev (docments); the text of a
`raise SptError` says what is refused.
"""
import ast
import io
import tokenize
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
LIB = ROOT / "spt_nb"
ROOMS = ["", "tasks", "tasks/own", "objectives", "models", "training", "runs", "analysis", "protocol", "bench", "experiments"]


# A module

class Module:
    "A module as its source tells: what it exports, in the order of the source, and the methods that are patched into each class."

    def __init__(self, path):
        self.source, self.path = path.read_text(encoding="utf-8"), path
        self.name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        tree = ast.parse(self.source)
        self.doc, self.exports = ast.get_docstring(tree) or "", []
        self.notes = {t.start[0]: t.string.lstrip("# ") for t in tokenize.generate_tokens(io.StringIO(self.source).readline)
                      if t.type == tokenize.COMMENT}
        self.defined, self.methods = {}, {}
        for node in tree.body:
            if owner := patched(node):
                self.methods.setdefault(owner, []).append(node)
            elif name := named(node):
                self.defined[name] = node
                if name == "__all__":
                    self.exports = ast.literal_eval(node.value)

    @property
    def page(self):
        "The notebook that the module is exported from: it shares folder and name."
        folder = self.path.parent.relative_to(LIB)
        name = folder.name if self.path.stem == "__init__" else self.path.stem
        return next((ROOT / "nbs" / folder).glob(f"??_{name}.ipynb" if name else "000_tour.ipynb")).relative_to(ROOT).as_posix()


def named(node):
    "The name that a statement defines, if it defines one."
    if isinstance(node, ast.Assign):
        return getattr(node.targets[0], "id", None)
    return getattr(getattr(node, "target", None), "id", None) or getattr(node, "name", None)


def patched(node):
    "The class that a function is patched into."
    if isinstance(node, ast.FunctionDef) and any(ast.unparse(d).startswith("patch") for d in node.decorator_list):
        return ast.unparse(node.args.args[0].annotation)


@cache
def modules(room):
    "The modules of a room, in the order in which their pages are read."
    found = [Module(p) for p in (LIB / room).glob("*.py") if p.name not in ("_modidx.py", "__main__.py")]
    return sorted(found, key=lambda m: m.page)


# What stands in it, as MyST

def fenced(kind, head, body, depth=3):
    fence = "`"*depth
    return f"{fence}{{py:{kind}}} {head}\n{body.strip()}\n{fence}\n"


def table(rows):
    "Rows of name, type, default and comment; nothing if no comment says more than the signature."
    if not any(comment for *_, comment in rows):
        return ""
    def cell(text, code): return (f"`{text}`" if text and code else text).replace("|", r"\|")
    lines = ["| ".join(cell(x, i < 3) for i, x in enumerate(row)) for row in rows]
    return "\n".join(["", "| argument | type | default | what it is |", "|---|---|---|---|", *(f"| {line} |" for line in lines), ""])


def text(node):
    return ast.unparse(node) if node else ""


def arguments(node):
    "Name, annotation and default of each argument but `self`."
    a = node.args
    plain = [*a.posonlyargs, *a.args]
    defaults = [None]*(len(plain) - len(a.defaults)) + a.defaults
    pairs = [*zip(plain, defaults), (a.vararg, None), *zip(a.kwonlyargs, a.kw_defaults), (a.kwarg, None)]
    return [(x, default) for x, default in pairs if x and x.arg not in ("self", "cls")]


def documented(module, node):
    "The table of a function's arguments, and what it returns; arguments on one line may share its comment."
    lines, first = {}, node.body[0].lineno
    for x, default in arguments(node):
        lines.setdefault((default or x).end_lineno, []).append((x.arg, text(x.annotation), text(default)))
    end = next((i for i in range(first - 1, node.lineno - 1, -1) if i in module.notes), None) if node.returns else None
    rows, beside = [], ""
    for line, group in lines.items():
        note = module.notes.get(line, "") if line != end else ""
        parts = note.split("; ")
        if len(group) == 1 or len(parts) == len(group):
            rows += [(*given, part) for given, part in zip(group, [note] if len(group) == 1 else parts)]
        elif note and line + 1 < first:
            rows.append((*(", ".join(dict.fromkeys(filter(None, column))) for column in zip(*group)), note))
        else:
            rows, beside = rows + [(*given, "") for given in group], note
    gives = f"Returns `{text(node.returns)}`: {module.notes[end]}" if end else ""
    return "\n\n".join(filter(None, [beside, table(rows), gives]))


def refused(node):
    "The errors that a function itself raises, as they are written in the code."
    raised = [n.exc for n in ast.walk(node) if isinstance(n, ast.Raise) and isinstance(n.exc, ast.Call)]
    said = [e.args[0] for e in raised if text(e.func) == "SptError" and e.args and isinstance(e.args[0], (ast.Constant, ast.JoinedStr))]
    lines = dict.fromkeys("".join(v.value if isinstance(v, ast.Constant) else "{" + text(v.value) + "}"
                                  for v in getattr(m, "values", [m])) for m in said)
    return "\n".join(["Raises `SptError`:\n", *(f"- ``{line}``" for line in lines)]) if lines else ""


def signature(node):
    shown = ast.arguments(**{field: getattr(node.args, field) for field in node.args._fields})
    shown.posonlyargs, shown.args = ([x for x in xs if x.arg not in ("self", "cls")] for xs in (shown.posonlyargs, shown.args))
    return f"({ast.unparse(shown)})" + (f" -> {text(node.returns)}" if node.returns else "")


def function(module, node, kind="function", depth=3):
    decorators = [ast.unparse(d) for d in node.decorator_list]
    as_property = any("property" in d or "as_prop=True" in d for d in decorators)
    head = node.name if as_property else node.name + signature(node)
    body = [ast.get_docstring(node) or "", documented(module, node), refused(node)]
    return fenced("property" if as_property else kind, head, "\n\n".join(filter(None, body)), depth)


def fields(module, node):
    "What a class holds by declaration."
    held = [n for n in node.body if isinstance(n, ast.AnnAssign) and not named(n).startswith("_")]
    return table([(named(n), text(n.annotation), text(n.value), module.notes.get(n.end_lineno, "")) for n in held])


def class_(module, node):
    inside = [n for n in node.body if isinstance(n, ast.FunctionDef)] + module.methods.get(node.name, [])
    init = next((n for n in inside if n.name == "__init__"), None)
    methods = [function(module, n, "method") for n in inside if not n.name.startswith("_")]
    body = [ast.get_docstring(node) or "", fields(module, node), *([documented(module, init), refused(init)] if init else []), *methods]
    return fenced("class", node.name + (signature(init) if init else ""), "\n\n".join(filter(None, body)), 4)


def variable(module, node, name):
    value = text(node.value)
    note = module.notes.get(node.end_lineno, "")
    return fenced("data", name, f":value: {value}\n\n{note}" if len(value) < 90 and "\n" not in value else note)


def entry(module, name, node):
    if isinstance(node, ast.FunctionDef):
        return function(module, node)
    return class_(module, node) if isinstance(node, ast.ClassDef) else variable(module, node, name)


# The pages

@cache
def homes():
    "Where each public name is defined."
    return {name: m.name for room in ROOMS for m in modules(room) for name in m.exports if name in m.defined}


def section(module):
    "A module: what it is about, the page that explains it, its names."
    heading = f"# {module.name}" if module.path.stem == "__init__" else f"## {module.path.stem}"
    body = [heading, fenced("module", module.name, ""), module.doc, f"Explained on the page [](../../{module.page})."]
    body += [entry(module, name, node) for name, node in module.defined.items() if name in module.exports]
    offered = [f"{{py:obj}}`{n} <{homes()[n]}.{n}>`" for n in module.exports if n not in module.defined and n in homes()]
    return "\n\n".join(filter(None, [*body, offered and "It offers " + ", ".join(offered) + "."]))


def names():
    "The pages, as a table of contents names them."
    return [f"/docs/api/{room.replace('/', '_') or 'spt_nb'}" for room in ROOMS]


def write():
    "Write the pages that have changed; a page of a room that is gone goes too."
    paths = [ROOT / f"{name[1:]}.md" for name in names()]
    paths[0].parent.mkdir(exist_ok=True)
    for room, path in zip(ROOMS, paths):
        page = "\n\n".join(map(section, modules(room))) + "\n"
        if not path.exists() or path.read_text(encoding="utf-8") != page:
            path.write_text(page, encoding="utf-8")
    for old in set(paths[0].parent.glob("*.md")) - set(paths):
        old.unlink()
