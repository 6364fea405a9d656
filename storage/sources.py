"""A name for what code does, that nobody can forget to change: a digest of its text."""

from collections.abc import Iterable
from hashlib import blake2b
from importlib import resources
from importlib.resources.abc import Traversable


def digest_sources(package: str, only: Iterable[str] | None = None) -> str:
    """Twelve hex digits over the Python, TOML and text files of a package, those of packages in it
    too; or `only` over these files of it."""
    root = resources.files(package)
    files = _list_files(root, "") if only is None else [(name, root / name) for name in only]
    digest = blake2b(digest_size=6)
    for name, file in sorted(files, key=lambda entry: entry[0]):
        content = file.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def _list_files(folder: Traversable, path: str) -> Iterable[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _list_files(entry, f"{path}{entry.name}/")
        elif entry.name.endswith((".py", ".toml", ".txt")):
            yield path + entry.name, entry
