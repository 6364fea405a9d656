"""Pictures that are kept: how much, and made once however many ask at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from storage.contract import SpanStore, TooMuchAtOnce
from tests.answer_builders import Scene
from web.errors import NotFoundError
from web.journeys.trace import FoundTrace, find_trace
from web.waterfall.asked_picture import AskedPicture
from web.waterfall.kept_pictures import MOST_AT_ONCE, KeptPictures

_ALWAYS = 2**62
_ASKED = AskedPicture(trace=(1, 1))


def test_hand_overs_count_for_what_is_kept_as_few_spans_may_have_very_many() -> None:
    scene = Scene()
    senders = [scene.span(1, number) for number in range(1, 31)]
    takers = [scene.span(1, number) for number in range(31, 61)]
    apart = find_trace(scene.store(), (1, 1), _ALWAYS).stored.nbytes
    for sender in senders:
        for taker in takers:
            scene.hand_over(sender, taker)
    joined = find_trace(scene.store(), (1, 1), _ALWAYS).stored
    assert len(joined.connections) == 900
    assert joined.nbytes - apart > 900 * 2_000


class _Slow:
    """Tells how many find the trace at the same time, and how often."""

    def __init__(self) -> None:
        self.together = self.most = self.times = 0
        self._lock = threading.Lock()

    def find(self, *asked: Any, **bounds: Any) -> FoundTrace:
        with self._lock:
            self.together, self.times = self.together + 1, self.times + 1
            self.most = max(self.most, self.together)
        threading.Event().wait(0.05)
        with self._lock:
            self.together -= 1
        return find_trace(*asked, **bounds)


def _open_often(store: SpanStore, pictures: KeptPictures, *asked: AskedPicture) -> list[str]:
    with ThreadPoolExecutor(8) as pool:
        opened = [pool.submit(pictures.open, store, each, _ALWAYS) for each in asked]
        return [each.result().version for each in opened]


def test_a_picture_that_many_ask_for_at_once_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    scene, slow = Scene(), _Slow()
    scene.span(1, 1)
    monkeypatch.setattr("web.waterfall.asked_picture.find_trace", slow.find)
    versions = _open_often(scene.store(), KeptPictures(), *[_ASKED] * 8)
    assert (slow.times, len(set(versions))) == (1, 1)


def test_another_picture_does_not_wait_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    scene, slow = Scene(), _Slow()
    for trace in range(1, 5):
        scene.span(trace, 1)
    monkeypatch.setattr("web.waterfall.asked_picture.find_trace", slow.find)
    asked = [AskedPicture(trace=(1, trace)) for trace in range(1, 5)]
    _open_often(scene.store(), KeptPictures(), *asked)
    assert slow.most == MOST_AT_ONCE


def test_who_waits_too_long_for_a_turn_is_asked_to_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene()
    for trace in range(1, 5):
        scene.span(trace, 1)
    store, pictures = scene.store(), KeptPictures(patience_seconds=0.0)
    inside, go_on = threading.Barrier(MOST_AT_ONCE + 1), threading.Event()

    def stuck(*asked: Any, **bounds: Any) -> FoundTrace:
        inside.wait(30)
        go_on.wait(30)
        return find_trace(*asked, **bounds)

    with monkeypatch.context() as patched, ThreadPoolExecutor(MOST_AT_ONCE) as pool:
        patched.setattr("web.waterfall.asked_picture.find_trace", stuck)
        asked = [AskedPicture(trace=(1, trace)) for trace in range(1, 1 + MOST_AT_ONCE)]
        opened = [pool.submit(pictures.open, store, each, _ALWAYS) for each in asked]
        inside.wait(30)
        with pytest.raises(TooMuchAtOnce, match="Try again"):
            pictures.open(store, AskedPicture(trace=(1, 4)), _ALWAYS)
        go_on.set()
        assert all(each.result() for each in opened)
    assert pictures.open(store, AskedPicture(trace=(1, 4)), _ALWAYS)


def test_who_waits_for_a_picture_that_another_makes_does_not_wait_longer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scene = Scene()
    scene.span(1, 1)
    store, pictures = scene.store(), KeptPictures(patience_seconds=0.0)
    inside, go_on = threading.Event(), threading.Event()

    def stuck(*asked: Any, **bounds: Any) -> FoundTrace:
        inside.set()
        go_on.wait(30)
        return find_trace(*asked, **bounds)

    with monkeypatch.context() as patched, ThreadPoolExecutor(2) as pool:
        patched.setattr("web.waterfall.asked_picture.find_trace", stuck)
        first = pool.submit(pictures.open, store, _ASKED, _ALWAYS)
        inside.wait(30)
        second = pool.submit(pictures.open, store, _ASKED, _ALWAYS)
        try:
            with pytest.raises(TooMuchAtOnce, match="Try again"):
                second.result(timeout=20)
        finally:
            go_on.set()
        assert first.result()


@pytest.mark.parametrize("asked", [_ASKED, AskedPicture(trace_id=(1, 1))])
def test_of_very_many_hand_overs_the_first_are_shown_and_a_note_says_so(
    asked: AskedPicture, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene()
    sender = scene.span(1, 1)
    for number in range(2, 9):
        scene.hand_over(sender, scene.span(1, number))
    monkeypatch.setattr("web.waterfall.asked_picture.MOST_HANDOVERS", 5)
    store = scene.store()
    shown = KeptPictures().open(store, asked, _ALWAYS).subject.stored
    assert len(shown.connections) == 5
    assert [note["title"] for note in shown.notes] == [
        "Only the first 5 hand-overs are shown; 2 later ones are left out."
    ]
    whole = find_trace(store, (1, 1), _ALWAYS).stored
    assert (len(whole.connections), whole.notes) == (7, [])


def test_who_waited_for_one_that_failed_makes_it_anew() -> None:
    pictures, store = KeptPictures(), Scene().store()
    for _ in range(2):
        with pytest.raises(NotFoundError):
            pictures.open(store, _ASKED, _ALWAYS)
