"""compose.yaml: what it starts is something that this version can do."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from storage.engines import is_shared
from storage.partition import parts_of
from tracestitch.cli import serve
from tracestitch.config import variable
from tracestitch.roles import parse_partition

_ROOT = Path(__file__).parents[2]
_SERVICES: dict[str, Any] = yaml.safe_load((_ROOT / "compose.yaml").read_text())["services"]
_OURS = {name: told for name, told in _SERVICES.items() if told["image"] == "tracestitch"}


@pytest.mark.parametrize("name", _OURS)
def test_each_service_has_the_role_of_its_name(name: str) -> None:
    program, command, *flags = _OURS[name]["command"]
    with serve.make_context("serve", flags, resilient_parsing=False) as context:
        assert context.params["role"].name == name.partition("-")[0]
    assert (program, command) == ("tracestitch", "serve")


@pytest.mark.parametrize("name", _OURS)
def test_its_variables_are_those_of_flags(name: str) -> None:
    flags = {variable(each) for option in serve.params for each in option.opts}
    told = _OURS[name]["environment"]
    assert told.keys() <= flags
    assert is_shared(told["TRACESTITCH_STORE"])


def test_every_role_that_a_server_can_be_split_into_is_there() -> None:
    assert {name.partition("-")[0] for name in _OURS} == {"collector", "analyzer", "web"}


def test_the_analyzers_make_up_a_whole() -> None:
    told = [_OURS[name]["command"] for name in _OURS if name.startswith("analyzer")]
    found = [parse_partition(command[command.index("--partition") + 1]) for command in told]
    assert found == parts_of(len(found))


def test_the_image_has_the_client_of_its_store() -> None:
    assert '".[clickhouse]"' in (_ROOT / "Dockerfile").read_text()
