"""How a reader looks at a waterfall, as it stands in the address."""

import pytest
from starlette.datastructures import QueryParams

from web.errors import ParameterError
from web.parameters import Parameters
from web.waterfall.looks import NAMES, Look, read_look


def look_of(query: str) -> Look:
    return read_look(Parameters(QueryParams(query), NAMES))


@pytest.mark.parametrize(
    "look",
    [
        Look(),
        Look(critical=False),
        Look(True, (5, 1_500), ("service:a%2Cb", "!00000000000000ff"), 40, critical=False),
    ],
)
def test_an_address_shows_what_was_looked_at(look: Look) -> None:
    assert look_of(look.query()) == look


def test_what_is_usual_is_not_in_the_address() -> None:
    assert Look().query() == ""
    assert look_of("critical=shown") == Look()


def test_what_can_not_be_looked_at_so_is_refused() -> None:
    with pytest.raises(ParameterError):
        look_of("critical=maybe")
