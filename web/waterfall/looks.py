"""How a reader looks at a waterfall: scale, zoom, what is folded, and
whether the critical path is shown. All of it is in the address."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from web.errors import ParameterError
from web.parameters import Parameters
from web.waterfall.timescale import TimeScale

NAMES = ("scale", "zoom", "fold", "row", "critical")
_MOST_FOLDS = 500
_ZOOM = re.compile(r"(\d{1,19})-(\d{1,19})", re.ASCII)
_SPAN = re.compile(r"!?[0-9a-f]{16}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Look:
    """`zoom` in nanoseconds since the start. `fold` as it stands in the address, by commas:
    a span id folds what is below that span, `!` and one keeps it open, `service:name` folds
    below every span of the service, `trace:id` a trace. `row` is where the page begins."""

    true_scale: bool = False
    zoom: tuple[int, int] | None = None
    fold: tuple[str, ...] = ()
    row: int = 0
    critical: bool = True

    def query(self, **changed: str | None) -> str:
        """As parameters of an address, with `&` before each; given ones replace."""
        told: Mapping[str, str | None] = {
            "scale": "true" if self.true_scale else None,
            "zoom": None if self.zoom is None else f"{self.zoom[0]}-{self.zoom[1]}",
            "fold": ",".join(quote(each, safe=":!", errors="replace") for each in self.fold),
            "row": str(self.row + 1) if self.row else None,
            "critical": None if self.critical else "hidden",
        }
        parts = {**told, **changed}
        return "".join(f"&{name}={value}" for name, value in parts.items() if value)

    def scale(self, whole: TimeScale) -> TimeScale:
        """The part of the whole scale that is looked at."""
        if self.zoom is None:
            return whole
        return whole.zoomed(*(whole.origin + nano for nano in self.zoom))


def read_look(given: Parameters) -> Look:
    """Raises ParameterError."""
    return Look(
        true_scale=given.word("scale", ("true", "folded")) == "true",
        zoom=_read_zoom(given),
        fold=_read_fold(given),
        row=_read_row(given),
        critical=given.word("critical", ("shown", "hidden")) != "hidden",
    )


def _read_zoom(given: Parameters) -> tuple[int, int] | None:
    text = given.text("zoom")
    if text is None:
        return None
    found = _ZOOM.fullmatch(text)
    if found is None or int(found[1]) >= int(found[2]) or int(found[2]) >= 2**63:
        raise ParameterError("zoom", "zoom must be two times in nanoseconds, such as 0-1500000.")
    return int(found[1]), int(found[2])


def _read_fold(given: Parameters) -> tuple[str, ...]:
    parts = [part for part in (given.text("fold") or "").split(",") if part]
    for part in parts:
        if not _SPAN.fullmatch(part) and not part.startswith(("service:", "trace:")):
            told = "fold must be span ids, service:name or trace:id, divided by commas."
            raise ParameterError("fold", told)
    if len(parts) > _MOST_FOLDS:
        raise ParameterError("fold", f"fold must be at most {_MOST_FOLDS} values.")
    return tuple(parts)


def _read_row(given: Parameters) -> int:
    text = given.text("row")
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text) > 0):
        raise ParameterError("row", "row must be a whole number from 1.")
    return int(text) - 1
