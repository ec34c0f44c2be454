"""What is shipped: the wheel and the source distribution."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: Folder at the root -> where the wheel has it.
FOLDERS = {"nco": "nco", "envs": "nco/envs", "configs": "nco/configs", "data": "nco/data"}
LINKS = ("nco/envs", "nco/configs", "nco/data")


def build(source: Path, out: Path, *options: str) -> Path:
    """Build without a download: setuptools comes with the extra 'dev'."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), *options, str(source)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    return out


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    """A copy of the sources, with tests, docs and scripts."""
    target: Path = tmp_path_factory.mktemp("checkout")
    for name in ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in"):
        shutil.copy(ROOT / name, target / name)
    for name in (*FOLDERS, "tests", "docs", "scripts"):
        shutil.copytree(ROOT / name, target / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    return target


@pytest.fixture(scope="module")
def dist(tree, tmp_path_factory) -> Path:
    """Folder with the source distribution and the wheel built from it."""
    return build(tree, tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def wheel(dist) -> Path:
    return next(dist.glob("*.whl"))


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}


def test_the_wheel_holds_every_file_of_the_four_folders_under_one_name(tree, wheel):
    expected = [
        f"{package}/{path.relative_to(tree / folder).as_posix()}"
        for folder, package in FOLDERS.items()
        for path in (tree / folder).rglob("*")
        if path.is_file()
    ]
    with zipfile.ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if ".dist-info/" not in name]
    assert sorted(names) == sorted(expected)
    assert "nco/py.typed" in names


def test_the_source_distribution_holds_what_is_needed_to_build_and_nothing_else(dist):
    with tarfile.open(next(dist.glob("*.tar.gz"))) as archive:
        members = {tuple(member.name.split("/")[1:]): member for member in archive.getmembers()}
    top = {parts[0] for parts in members if parts and "egg-info" not in parts[0]}
    files = {"LICENSE", "README.md", "MANIFEST.in", "PKG-INFO", "pyproject.toml", "setup.cfg"}
    assert top == files | set(FOLDERS)
    assert not any("/".join(parts).startswith(LINKS) for parts in members)
    assert not any(member.issym() or member.islnk() for member in members.values())


def test_the_wheel_built_from_the_tree_is_the_one_built_from_the_source_distribution(tree, wheel, tmp_path):
    build(tree, tmp_path, "--wheel")
    assert contents(next(tmp_path.glob("*.whl"))) == contents(wheel)


def test_a_checkout_without_links_builds_the_same_wheel(tree, wheel, tmp_path):
    plain = tmp_path / "tree"
    shutil.copytree(tree, plain, symlinks=True, ignore=shutil.ignore_patterns("build", "*.egg-info"))
    for link in LINKS:  # what git writes where links are not supported
        target = (plain / link).readlink().as_posix()
        (plain / link).unlink()
        (plain / link).write_text(target)
    build(plain, tmp_path / "dist", "--wheel")
    assert contents(next((tmp_path / "dist").glob("*.whl"))) == contents(wheel)


def test_the_wheel_runs_from_a_folder_that_knows_nothing_of_the_checkout(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import nco, nco.envs, nco.configs, nco.data.examples\n"
        "print(nco.__file__, nco.envs.__file__, nco.configs.__file__, nco.data.examples.__file__)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "site")]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120)
    assert [Path(path).parent.relative_to(tmp_path / "site").as_posix() for path in result.stdout.split()] == [
        "nco",
        "nco/envs",
        "nco/configs",
        "nco/data/examples",
    ]


def test_the_metadata_name_the_project_the_pythons_the_licence_and_the_extras(wheel):
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(name))
        scripts = archive.read(name.replace("METADATA", "entry_points.txt")).decode()
    assert metadata["Name"] == "nco-vrp"
    assert metadata["Requires-Python"] == "<3.14,>=3.11"
    assert metadata["License-Expression"] == "MIT"
    assert metadata.get_all("Provides-Extra") == ["roads", "lkh", "train", "dev"]
    assert "nco = nco.cli:main" in scripts
