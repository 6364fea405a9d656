"""The project's own files, as the architecture tests see them.

Read from the directory tree, not from git, so that the tests pass in an unpacked
archive too.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("analyzer", "collector", "sample_data", "storage", "tracestitch", "web")
_GENERATED = {
    line.strip().rstrip("/") for line in (ROOT / ".gitignore").read_text("utf-8").splitlines()
}
_KEPT_HIDDEN = {".ci", ".gitignore", ".dockerignore"}


def _is_ours(path: Path) -> bool:
    hidden = path.name.startswith(".") and path.name not in _KEPT_HIDDEN
    return not (hidden or path.name in _GENERATED or path.suffix == ".egg-info")


def list_files(folder: Path = ROOT) -> Iterator[Path]:
    """Every file that belongs to the project, without environments, caches and output."""
    for path in sorted(folder.iterdir()):
        if _is_ours(path):
            if path.is_dir():
                yield from list_files(path)
            else:
                yield path


def list_folders() -> list[Path]:
    """Every folder that holds files of the project, relative to the root."""
    return sorted({path.parent.relative_to(ROOT) for path in list_files()} - {Path()})


def list_modules(*packages: str) -> list[Path]:
    """Python files of these top-level folders."""
    found = [path for package in packages for path in list_files(ROOT / package)]
    return [path for path in found if path.suffix == ".py"]


@cache
def parse_module(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def find_imports(path: Path) -> set[str]:
    """Full dotted names that a module imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(parse_module(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def show(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
