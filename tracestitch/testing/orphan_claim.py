"""The claim that there is no orphan root. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from tracestitch.testing.claims import Failure, count_lines, find_missing, tell_orphan, tell_span
from tracestitch.testing.seen import Seen, Told, ids_of
from web.words import say_plural


@dataclass(frozen=True)
class NoOrphans:
    """Something was seen, all `after` among it, and no orphan root but the allowed ones."""

    allow: Collection[str] = ()
    strict: bool = False
    after: Sequence[str] = ()

    def __call__(self, seen: Seen) -> Failure | None:
        if (missing := find_missing(seen, self.after)) is not None:
            return missing
        broken = [o for o in seen.orphans if self.counts(o)]
        if not broken:
            return None
        return Failure(
            f"Seen: {say_plural(len(broken), 'orphan root')}",
            count_lines(
                f"{tell_span({**o, 'name': o['span_name']})}: {tell_orphan(o)}" for o in broken
            ),
            at=[ids_of(broken[0])],
        )

    def counts(self, orphan: Told) -> bool:
        if orphan["cause"]["code"] in self.allow:
            return False
        return self.strict or not orphan["expected"]
