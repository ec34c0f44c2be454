"""The shape of the project: what is where, what is public, and what importing it costs."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import nco

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
#: Folder at the root -> the package it ships as.
FOLDERS = {"nco": "nco", "envs": "nco.envs", "configs": "nco.configs", "data": "nco.data"}
NEEDS_EXTRA = ("nco.train", "nco.envs.rl4co")
#: Pages of the documentation; tests/test_readme.py takes the README.
PAGES = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]


def sources() -> dict[str, Path]:
    """Every shipped module by its import name; nco/envs and its like are links and not followed."""
    modules = {}
    for folder, package in FOLDERS.items():
        for directory, _, names in os.walk(ROOT / folder):
            for path in (Path(directory, name) for name in names if name.endswith(".py")):
                parts = path.relative_to(ROOT / folder).with_suffix("").parts
                modules[".".join([package, *parts]).removesuffix(".__init__")] = path
    return modules


def python(code: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=cwd, capture_output=True, text=True, check=False, timeout=120
    )


def test_no_module_is_longer_than_400_lines():
    files = [*sources().values(), *(ROOT / "scripts").glob("*.py")]
    lines = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {path: count for path, count in lines.items() if count > 400} == {}


def test_every_package_is_listed_for_shipping():
    packages = {name for name, path in sources().items() if path.name == "__init__.py"}
    listed = PYPROJECT["tool"]["setuptools"]["packages"]
    assert sorted(packages) == sorted(listed)


def test_every_folder_with_modules_or_configurations_is_a_package():
    suffixes = (".py", ".yaml", ".json", ".vrp", ".safetensors")
    bare = [
        directory
        for folder in FOLDERS
        for directory, _, names in os.walk(ROOT / folder)
        if any(name.endswith(suffixes) for name in names) and "__init__.py" not in names
    ]
    assert bare == []


def test_the_folders_at_the_root_are_linked_relatively_into_the_package():
    links = {name: os.readlink(ROOT / "nco" / name) for name in ("envs", "configs", "data")}
    assert links == {"envs": "../envs", "configs": "../configs", "data": "../data"}


@pytest.mark.parametrize("name", nco.__all__)
def test_a_public_name_can_be_imported(name):
    assert getattr(nco, name).__name__ in (name, f"nco.{name}")


def test_type_checkers_see_the_same_public_names():
    tree = ast.parse((ROOT / "nco" / "__init__.py").read_text(encoding="utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module != "__future__"]
    seen = {alias.asname for node in imports for alias in node.names if alias.asname}
    assert seen == set(nco.__all__)


def test_an_unknown_public_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'slove'"):
        _ = nco.slove


def test_importing_nco_is_instant_and_loads_no_torch(tmp_path):
    code = (
        "import sys, time; t = time.perf_counter(); import nco; print(time.perf_counter() - t, 'torch' in sys.modules)"
    )
    runs = [python(code, cwd=tmp_path).stdout.split() for _ in range(3)]
    assert {torch for _, torch in runs} == {"False"}
    assert min(float(seconds) for seconds, _ in runs) < 0.3


def test_reading_checking_and_building_problems_load_no_torch(tmp_path):
    code = (
        "import sys, nco, nco.io, nco.checker, nco.model, nco.result, nco.solvers.solve; print('torch' in sys.modules)"
    )
    assert python(code, cwd=tmp_path).stdout.strip() == "False"


def test_importing_envs_from_the_root_names_the_right_import():
    result = python("import envs", cwd=ROOT)
    assert result.returncode == 1
    assert "Write 'import nco.envs'" in result.stderr


def test_solving_never_imports_what_only_training_needs(tmp_path):
    names = [name for name in sources() if not name.startswith(NEEDS_EXTRA)]
    code = (
        "import importlib, json, sys\n"
        "for name in json.loads(sys.argv[1]): importlib.import_module(name)\n"
        "print([name for name in ('rl4co', 'lightning', 'pytorch_lightning', 'hydra') if name in sys.modules])"
    )
    result = python(code, json.dumps(names), cwd=tmp_path)
    assert result.stdout.strip() == "[]", result.stderr


@pytest.mark.parametrize(
    "action", ["sys.argv = ['nco', 'train', 'experiment=smoke']; nco.cli.main()", "import nco.envs.rl4co"]
)
def test_what_needs_the_extra_names_it_when_it_is_missing(tmp_path, action):
    code = (
        "import sys, nco.cli\n"
        "sys.modules.update(dict.fromkeys(['hydra', 'lightning', 'omegaconf', 'rl4co']))  # as if not installed\n"
        f"{action}"
    )
    result = python(code, cwd=tmp_path)
    assert result.returncode > 0
    assert "C502" in result.stderr
    assert "pip install 'nco-vrp[train]'" in result.stderr.replace("\n", " ")


def test_every_dependency_has_a_tested_version_inside_its_range():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    tested = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    project = PYPROJECT["project"]
    extras = [text for texts in project["optional-dependencies"].values() for text in texts]
    ranges = [Requirement(text) for text in [*project["dependencies"], *extras]]
    names = [r for r in ranges if r.name != "triton"]  # builds of torch for CUDA bring the version they need
    outside = [str(r) for r in names if r.name not in tested or tested[r.name] not in r.specifier]
    assert outside == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file(page):
    links = re.findall(r"\]\(([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_the_front_page_of_the_documentation_names_every_page():
    front = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = {page.name for page in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert {page for page in pages if f"({page})" not in front} == set()


def make(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        (cwd / name).write_bytes((ROOT / name).read_bytes())
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_make_help_lists_every_command(tmp_path):
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    listed = [line.split()[1] for line in make("help", cwd=tmp_path).stdout.splitlines()]
    assert listed == phony[1].split()


def test_make_refuses_an_old_python_and_says_how_to_name_another(tmp_path):
    old = tmp_path / "old-python"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.10.13 && exit 0\nexit 1\n')
    old.chmod(0o755)
    result = make("demo", f"PYTHON={old}", cwd=tmp_path)
    assert result.returncode == 2
    assert "Python 3.10.13" in result.stdout
    assert "make demo PYTHON=python3.12" in result.stdout


@pytest.mark.parametrize(("installed", "installs"), [(False, True), (True, False)])
def test_a_second_demo_installs_nothing(tmp_path, installed, installs):
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    make("help", cwd=tmp_path)
    if installed:
        (tmp_path / ".venv" / "core").touch()
        os.utime(tmp_path / ".venv" / "core", (2e9, 2e9))
    assert ("pip install" in make("--dry-run", "demo", cwd=tmp_path).stdout) == installs
