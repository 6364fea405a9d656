"""Whether a break is over, and which version brought it: from counts alone."""

from typing import Any

import pytest

from analyzer.breakages import (
    VersionChange,
    broken_share,
    connections_that_heal,
    find_version_change,
    state_of,
    was_always_broken,
)


def group(**told: Any) -> dict[str, Any]:
    """Ten roots in a row after twenty hand-overs that connected."""
    return {
        "expected": False,
        "count": 10,
        "settled_count": 10,
        "connected_before": 20,
        "connected_between": 0,
        "connected_after": 0,
        "near_broken": 0,
        "near_connected": 0,
        "first_service_version": "2.0",
        "good_service_version": "1.0",
        "same_service_version": 0,
        "first_scope_version": "0.5",
        "good_scope_version": "0.5",
        "same_scope_version": 20,
    } | told


@pytest.mark.parametrize(
    ("broken", "between", "needed"),
    [
        (1, 0, 3),  # all were broken: three in a row
        (100, 0, 3),
        (10, 10, 6),  # every second
        (1, 99, 300),  # one in a hundred
        (2, 1, 5),  # 4.5 are not enough
        (300_000, 9_700_000, 100),
    ],
)
def test_so_many_must_connect_that_the_break_would_have_shown_again(
    broken: int, between: int, needed: int
) -> None:
    told = group(count=broken, settled_count=broken, connected_between=between)
    assert connections_that_heal(broken_share(told)) == needed
    assert state_of(told | {"connected_after": needed - 1}) == "broken"
    assert state_of(told | {"connected_after": needed}) == "healed"


def test_spells_of_breaking_heal_as_fast_as_one_of_them_would() -> None:
    """Ten spells of three in a row, a hundred good ones between two of them."""
    spells = group(count=30, connected_between=900, near_broken=20, near_connected=5)
    assert connections_that_heal(broken_share(spells)) == 4
    # Thirty at random among as many: those near a broken one break no more than others.
    random = group(count=30, connected_between=900, near_broken=1, near_connected=40)
    assert connections_that_heal(broken_share(random)) == 93


def test_a_break_that_stopped_with_the_traffic_is_not_healed() -> None:
    assert state_of(group(connected_after=0)) == "broken"


def test_expected_roots_are_neither_broken_nor_healed() -> None:
    assert state_of(group(expected=True)) == "expected"
    assert state_of(group(expected=True, connected_after=99, settled_count=0)) == "expected"


def test_roots_that_may_still_connect_did_not_break_yet_and_cannot_heal() -> None:
    assert state_of(group(settled_count=0)) == "unsettled"
    assert state_of(group(settled_count=0, connected_after=99)) == "unsettled"
    assert state_of(group(settled_count=1)) == "broken"


def test_the_first_version_that_broke_after_another_connected_is_the_change() -> None:
    assert find_version_change(group()) == VersionChange("service", "1.0", "2.0")


def test_a_version_that_connected_before_broke_nothing() -> None:
    assert find_version_change(group(same_service_version=1)) is None


def test_what_never_connected_has_no_version_that_was_good() -> None:
    told = group(connected_before=0, good_service_version=None, good_scope_version=None)
    assert find_version_change(told) is None
    assert was_always_broken(told)
    assert not was_always_broken(told | {"connected_between": 1})
    assert not was_always_broken(group())


@pytest.mark.parametrize("version", [None, ""])
def test_where_the_service_names_no_version_that_of_the_instrumentation_tells(
    version: str | None,
) -> None:
    told = group(
        first_service_version=version,
        good_scope_version="0.4",
        same_scope_version=0,
    )
    assert find_version_change(told) == VersionChange("scope", "0.4", "0.5")
    assert find_version_change(told | {"first_scope_version": version}) is None


def test_a_new_instrumentation_under_the_same_service_version_is_the_change() -> None:
    told = group(same_service_version=20, good_scope_version="0.4", same_scope_version=0)
    assert find_version_change(told) == VersionChange("scope", "0.4", "0.5")
