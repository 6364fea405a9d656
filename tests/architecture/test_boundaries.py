"""What may be used where. Which of our packages may import which is import-linter's
business (pyproject.toml, `make check`); here is what it cannot express."""

import ast
from fnmatch import fnmatch
from importlib import metadata
from pathlib import Path

import pytest

from tests.architecture.sources import (
    PACKAGES,
    ROOT,
    find_imports,
    list_modules,
    parse_module,
    show,
)

# Library to the files it may be imported in. sample_data stands for the users'
# services: it uses OpenTelemetry, whose spans the pytest plugin takes in.
_PYTEST_PLUGIN = (
    "tracestitch/testing/process_spans.py",
    "tracestitch/testing/unset_provider.py",
)
DOORS = {
    "duckdb": ("storage/duckdb_*.py",),
    "grpc": ("collector/*", "sample_data/*"),
    "google.protobuf": ("collector/*", "sample_data/*"),
    "opentelemetry": ("collector/*", "sample_data/*", "propagation/*", *_PYTEST_PLUGIN),
    # What the services of the sample pipeline have of carriers is in the propagation library.
    "opentelemetry.propagate": (
        "propagation/*",
        "sample_data/pipeline/order_service.py",  # HTTP
    ),
    "opentelemetry.propagators": ("propagation/*",),
    # Of the propagation library's users, only who asks for init_tracer needs the SDK.
    "opentelemetry.sdk": (
        *_PYTEST_PLUGIN,
        "propagation/tracestitch_propagation/bootstrap.py",
        "propagation/tracestitch_propagation/workflow.py",  # for type checkers
    ),
    "opentelemetry.exporter": (
        *_PYTEST_PLUGIN,
        "propagation/tracestitch_propagation/bootstrap.py",
    ),
    "jinja2": ("web/*",),
    "boto3": ("sample_data/*",),
    "confluent_kafka": ("sample_data/*",),
    "moto": ("sample_data/*",),
}


@pytest.mark.parametrize("library", DOORS)
def test_a_library_enters_by_its_door_only(library: str) -> None:
    users = {
        show(path)
        for path in list_modules(*PACKAGES, "propagation")
        if any(name == library or name.startswith(f"{library}.") for name in find_imports(path))
    }

    assert users - {u for u in users for door in DOORS[library] if fnmatch(u, door)} == set()


def reads_environment(path: Path) -> bool:
    return any(
        isinstance(node, ast.Attribute | ast.Name)
        and (node.attr if isinstance(node, ast.Attribute) else node.id)
        in {"environ", "environb", "getenv", "getenvb"}
        for node in ast.walk(parse_module(path))
    )


def test_only_the_configuration_reads_environment_variables() -> None:
    readers = {
        show(path) for path in list_modules(*PACKAGES, "propagation") if reads_environment(path)
    }

    # The second one says what libraries read there.
    assert readers <= {"tracestitch/config.py", "tracestitch/library_settings.py"}


@pytest.mark.parametrize(
    "code", ["import os\nos.environ['A']", "from os import getenv\ngetenv('A')"]
)
def test_a_module_that_reads_the_environment_is_found(code: str, tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(code)

    assert reads_environment(module)


def test_no_installed_distribution_ships_one_of_our_names() -> None:
    """The top-level names are plain words: another distribution that installs one of
    them would be imported in our place, or we in its."""
    others = {
        f"{distribution.name}: {file}"
        for distribution in metadata.distributions()
        if distribution.name != "tracestitch"
        for file in distribution.files or []
        if file.parts[0].removesuffix(".py") in PACKAGES
    }

    assert others == set()


def test_every_package_of_the_product_is_known_here() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}

    assert packages == set(PACKAGES)
