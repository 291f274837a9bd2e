"""Reads everything from settings.ini, so that each fact about the package stands in one place."""
import re
import shutil
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

here = Path(__file__).parent
config = ConfigParser(delimiters=["="])
config.read(here / "settings.ini", encoding="utf-8")
cfg = config["DEFAULT"]

CLASSIFIERS = """
Development Status :: 3 - Alpha
Intended Audience :: Science/Research
Operating System :: POSIX :: Linux
Programming Language :: Python :: 3
Programming Language :: Python :: 3 :: Only
Programming Language :: Python :: 3.11
Programming Language :: Python :: 3.12
Programming Language :: Python :: 3.13
Topic :: Scientific/Engineering :: Artificial Intelligence
Typing :: Typed
""".strip().splitlines()
EXTRAS = [name.removesuffix("_requirements") for name in cfg if name.endswith("_requirements")]


def readme():
    "The README with links that work outside the repository; a picture needs its raw file."
    def absolute(link):
        return f"{link[1]}({cfg['git_url']}/{'raw' if link[1].startswith('!') else 'blob'}/{cfg['branch']}/{link[2]})"
    text = (here / "README.md").read_text(encoding="utf-8")
    return re.sub(r"(!?\[[^\]]*\])\((?!\w+:|#)([^)\s]+)\)", absolute, text)


class BuildWithPages(build_py):
    "The package, with the experiment notebooks and the rows they published in `spt_nb/share`."
    def run(self):
        super().run()
        if self.editable_mode:
            return
        share = Path(self.build_lib) / cfg["lib_name"] / "share"
        shutil.rmtree(share, ignore_errors=True)
        for pattern in ("nbs/experiments/[0-7]*.ipynb", "figures/*/*.csv", "figures/*/*.json"):
            for source in here.glob(pattern):
                target = share / source.relative_to(here)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)


setup(
    name=cfg["lib_name"],
    version=cfg["version"],
    description=cfg["description"],
    long_description=readme(),
    long_description_content_type="text/markdown",
    author=cfg["author"],
    author_email=cfg["author_email"],
    license="MIT",
    license_files=["LICENSE"],
    url=cfg["git_url"],
    project_urls={
        "Source": cfg["git_url"],
        "Changelog": f"{cfg['git_url']}/blob/{cfg['branch']}/CHANGELOG.md",
        "Issues": f"{cfg['git_url']}/issues",
        "Paper": "https://arxiv.org/abs/2310.02980",
    },
    keywords=cfg["keywords"],
    classifiers=CLASSIFIERS,
    packages=find_packages(include=["spt_nb", "spt_nb.*"]),
    package_dir={"": "."},  # an editable install is then one line in a .pth file, which editors follow
    package_data={"spt_nb": ["py.typed", "*.pyi", "*/*.pyi", "*/*/*.pyi", "*.csv", "*/*.csv", "*/*.npz", "*/*.j2"]},
    cmdclass={"build_py": BuildWithPages},
    python_requires=f">={cfg['min_python']}",
    install_requires=cfg["requirements"].split(),
    extras_require={extra: cfg[f"{extra}_requirements"].split() for extra in EXTRAS},
    entry_points={
        "console_scripts": cfg["console_scripts"].splitlines(),
        "nbdev": [f"{cfg['lib_name']}={cfg['lib_name']}._modidx:d"],
    },
)
