from collections.abc import Iterator

import pytest

from tests.unit.web.applications import application, small_scene
from tests.web_client import WebClient


@pytest.fixture(scope="module")
def client() -> Iterator[WebClient]:
    """A client of the application over `small_scene`, which asking does not change."""
    store = small_scene().store()
    yield application(store)
    store.close()


@pytest.fixture(params=[1, 12])
def likely_levels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read ahead (one level: nothing) must not change any answer."""
    monkeypatch.setattr("web.journeys.walking._LIKELY_LEVELS", request.param)
