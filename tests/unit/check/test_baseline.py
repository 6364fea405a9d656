"""Findings that are known."""

import json
from pathlib import Path

import pytest

from tests.unit.check.objects import finding
from tracestitch.check.baseline import read_baseline, write_baseline
from tracestitch.check.errors import CheckFailure


def test_what_is_written_is_known_again(tmp_path: Path) -> None:
    file = tmp_path / "known.json"
    found = [finding(trace_id="t2"), finding(), finding(code="K1", destination=None)]

    assert write_baseline(file, found) == 2
    assert read_baseline(file) == {each.known_as for each in found}


def test_the_file_is_the_same_whatever_the_order_and_holds_no_ids(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    found = [finding(), finding(code="K1")]
    write_baseline(one, found)
    write_baseline(two, reversed([*found, finding(trace_id="t2")]))

    assert one.read_bytes() == two.read_bytes()
    assert json.loads(one.read_text())["findings"][1] == {
        "code": "S1",
        "service_name": "payment-service",
        "system": "aws_sqs",
        "destination": "orders",
        "span_name": "order.process",
    }


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", 'does not say "version": 1'),
        (b'{"findings": []}', 'does not say "version": 1'),
        (b'{"version": 2, "findings": []}', 'does not say "version": 1'),
        (b'{"version": 1}', 'has no list "findings"'),
        (b'{"version": 1, "findings": {}}', 'has no list "findings"'),
        (b'{"version": 1, "findings": ["S1"]}', 'has a finding without "code"'),
        (b'{"version": 1, "findings": [{}]}', 'has a finding without "code"'),
        (b'{"version": 1, "findings": [{"code": "S1", "span": "x"}]}', 'with "span"; there are'),
        (b'{"version": 1, "findings": [{"code": "S1", "system": 1}]}', "values are not text"),
    ],
)
def test_a_file_that_is_no_baseline_is_one_sentence(
    content: bytes, told: str, tmp_path: Path
) -> None:
    file = tmp_path / "known.json"
    file.write_bytes(content)

    with pytest.raises(CheckFailure, match=told) as failure:
        read_baseline(file)
    assert failure.value.message.startswith(f"The baseline {file} ")
    assert failure.value.exit_code == 2


def test_a_missing_baseline_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(CheckFailure, match="--write-baseline makes one"):
        read_baseline(tmp_path / "missing")
