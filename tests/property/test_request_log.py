"""Whatever is appended, cut off and started again: acknowledged requests are there."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from collector.request_log import RequestLog

PAYLOADS = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=4)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), PAYLOADS),
        st.tuples(st.just("release"), st.floats(0, 1)),
        st.tuples(st.just("crash"), st.tuples(PAYLOADS, st.floats(0, 1), st.binary(max_size=30))),
    ),
    max_size=12,
)


def numbered(step: int, payloads: list[bytes]) -> list[bytes]:
    """All of them different."""
    return [b"%d.%d " % (step, n) + payload for n, payload in enumerate(payloads)]


def crash_amid(log: RequestLog, directory: Path, unfinished: list[bytes], cut: float) -> None:
    """The process dies while it appends: any part of what was not synced may be there."""
    before = {path: path.stat().st_size for path in directory.iterdir()}
    log.append(unfinished)
    for path in directory.iterdir():
        synced = before.get(path, 0)
        if path.stat().st_size > synced:
            kept = synced + int(cut * (path.stat().st_size - synced))
            with path.open("rb+") as file:
                file.truncate(kept)


@settings(deadline=None, max_examples=150)
@given(STEPS, st.sampled_from([1, 60, 200, 1_000_000]))
def test_acknowledged_requests_are_replayed_once_and_in_order(
    steps: list[tuple[str, object]], segment_bytes: int
) -> None:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        log = RequestLog(directory, segment_bytes=segment_bytes)
        held: list[bytes] = []  # acknowledged, in order; held[0] has the position `released` + 1
        released = 0
        for number, (kind, what) in enumerate(steps):
            if kind == "append":
                assert isinstance(what, list)
                payloads = numbered(number, what)
                assert log.append(payloads) == released + len(held) + len(payloads)
                held += payloads
            elif kind == "release":
                assert isinstance(what, float)
                done = int(what * len(held))
                log.release(released + done)
                held, released = held[done:], released + done
            else:
                assert isinstance(what, tuple)
                unfinished, cut, garbage = what
                payloads = numbered(number, unfinished)
                crash_amid(log, directory, payloads, cut)
                for path in sorted(directory.iterdir())[-1:]:
                    with path.open("ab") as file:
                        file.write(garbage)
                log = RequestLog(directory, segment_bytes=segment_bytes)
                found = list(log.replay())
                extra = len(found) - len(held)
                start = next(
                    (n for n in range(extra + 1) if found[n : n + len(held)] == held), None
                )
                assert start is not None, (found, held)
                # Nothing that was never sent, and no more of the unfinished than there was.
                assert found[start + len(held) :] == payloads[: extra - start]
                assert len(found) == len(set(found))
                # Its caller stores everything and releases it before anything else.
                log.release(log.position)
                held, released = [], log.position
        assert list(RequestLog(directory).replay())[-len(held) or None :] == held
