"""Rules that hold for every file of the project."""

import re
from pathlib import Path

from tests.architecture.sources import PACKAGES, ROOT, list_files, list_modules, show

LONGEST = 300
# A machine's own folders, and where packages are fetched from: both belong to the
# machine's configuration. Bytes, because recordings and pictures count too.
_MACHINE_PATH = re.compile(rb"(?<![\w.\-/])/(?:work|root|farm|Users)/\w")
# In two halves each, so that this file does not name them either.
_REGISTRY = re.compile(
    b"|".join(
        first + last
        for first, last in (
            (b"py", rb"pi\.org"),
            (b"python", rb"hosted\.org"),
            (b"npm", rb"js\.(?:org|com)"),
            (b"cra", rb"tes\.io"),
            (b"proxy", rb"\.golang\.org"),
        )
    )
)


def test_no_code_file_is_longer_than_300_lines() -> None:
    long = {
        show(path): lines
        for path in list_modules(*PACKAGES, "benchmarks", "propagation")
        if (lines := len(path.read_text("utf-8").splitlines())) > LONGEST
    }

    assert long == {}


def test_packages_that_users_import_ship_their_types() -> None:
    for package in ("tracestitch", "propagation/tracestitch_propagation"):
        assert (ROOT / package / "py.typed").is_file()


def test_no_file_names_a_path_of_one_machine() -> None:
    assert _files_with(_MACHINE_PATH) == []


def test_no_file_names_a_package_registry() -> None:
    # cargo writes the name of its default index into every lock file, whichever is used.
    assert _files_with(_REGISTRY) == ["decoder/Cargo.lock"]


def _files_with(pattern: re.Pattern[bytes]) -> list[str]:
    return [show(path) for path in list_files() if pattern.search(path.read_bytes())]


def test_paths_and_registries_are_recognised() -> None:
    folder, host = b"/" + b"root/app", b"https://pypi" + b".org/simple"

    assert _MACHINE_PATH.search(b"cd " + folder)
    assert not _MACHINE_PATH.search(b"GET https://shop.example" + folder)
    assert _REGISTRY.search(host)


def test_constraints_name_exact_versions_and_no_source() -> None:
    lines = (Path(__file__).parents[2] / "constraints.txt").read_text("utf-8").split("\n")

    assert [line for line in lines if line and not re.fullmatch(r"[\w.\-]+==[\w.]+", line)] == []
