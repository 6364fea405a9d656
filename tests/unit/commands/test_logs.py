"""Lines on the standard error: one an event, few under storms, nothing of what was sent."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from tracestitch.logs import Format, LineFormatter, OncePerMinute, start_logging

BOTH: tuple[Format, ...] = ("text", "json")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the root logger writes once logging has started; it is as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def record(message: str, *values: object, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("writer", logging.ERROR, __file__, 1, message, values, None)
    vars(made).update(fields)
    return made


def failure(message: str) -> logging.LogRecord:
    """A record of an exception with this message."""
    made = record("A request failed")
    try:
        raise ValueError(message)
    except ValueError as error:
        made.exc_info = (type(error), error, error.__traceback__)
    return made


def test_a_line_is_key_value_pairs_on_one_line() -> None:
    line = LineFormatter("text").format(record('%s said "no"\nand left', "disk", requests=3))
    time, *rest = line.split(" ", 3)
    assert time.startswith("time=20")
    assert time.endswith("+00:00")
    assert rest == [
        "level=error",
        "logger=writer",
        r'event="disk said \"no\"\nand left" requests=3',
    ]


def test_control_characters_cannot_forge_a_line() -> None:
    for format_ in BOTH:
        forged = record("a\u2028b\x1b[31m\r\nlevel=info", key="x\ny")
        line = LineFormatter(format_).format(forged)
        assert len(line.splitlines()) == 1
        assert "\x1b" not in line


def test_a_json_line_is_an_object() -> None:
    told = json.loads(LineFormatter("json").format(record("%s failed", "it", requests=3)))
    assert {key: told[key] for key in ("level", "logger", "event", "requests")} == {
        "level": "error",
        "logger": "writer",
        "event": "it failed",
        "requests": 3,
    }


@pytest.mark.parametrize("format_", BOTH)
def test_an_exception_is_told_by_type_and_place_and_never_quotes_its_message(
    format_: Format,
) -> None:
    line = LineFormatter(format_).format(failure("card 4111-1111"))
    assert "ValueError" in line
    assert "test_logs.py" in line
    assert "4111" not in line


def test_a_long_sentence_is_cut() -> None:
    assert len(LineFormatter("text").format(record("x" * 100_000))) < 3_000


def test_under_a_storm_a_kind_has_one_line_a_minute_that_counts_the_others() -> None:
    clock = Clock()
    once = OncePerMinute(clock=clock)
    let_through = []
    for second in range(125):
        clock.now = float(second)
        made = record("%s requests were refused", second)
        if once.filter(made):
            let_through.append((second, vars(made)["suppressed"]))
    assert let_through == [(0, 0), (60, 59), (120, 59)]


def test_kinds_do_not_silence_each_other() -> None:
    once = OncePerMinute(clock=Clock())
    assert once.filter(record("the disk is full"))
    assert once.filter(record("the store is damaged"))
    assert not once.filter(record("the disk is full"))


def test_endless_kinds_take_bounded_memory() -> None:
    once = OncePerMinute(clock=Clock())
    for number in range(3_000):
        assert once.filter(record(f"sentence {number}"))
    assert len(once._kinds) == 1_000  # not to be seen from outside


def test_the_number_of_lines_left_out_stands_in_the_line() -> None:
    made = record("again", suppressed=59)
    assert LineFormatter("text").format(made).endswith(" suppressed=59")


def test_once_started_warnings_of_every_logger_are_lines(lines: io.StringIO) -> None:
    start_logging("json", lines)
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    logging.getLogger("storage").info("not worth a line")
    told = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [line["event"] for line in told] == ["Invalid HTTP request received."]
