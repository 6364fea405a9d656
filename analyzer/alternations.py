"""Whether a consumer continues some messages while it does not continue others.

A setting of the consumer breaks all of its messages from the moment it is changed until it
is changed back, as often as that happens; what is wrong with single messages alternates with
what is right. Told by the order in which the consumer began them alone: how many spells
there are of messages without context between others. Later spans rarely change it.
"""

from math import comb

import polars as pl

CONSUMER = [
    *("environment", "service_namespace", "system", "service_name", "span_name"),
    "destination",
]
MIXED = "mixed"
Consumer = tuple[str | None, ...]
"""The values of CONSUMER."""
LATEST = 100
"""So many deliveries without context are looked at, for `SpanStore.cut_spells`."""
# Chance that picking messages at random leaves so few spells; below it that was no chance.
_LEAST = 0.05
_FEW = 2 / 3


def find_mixed(spells: pl.DataFrame) -> frozenset[Consumer]:
    """The consumers of whose deliveries some continue a context and some do not, in no order.
    `spells` as `SpanStore.cut_spells` gives them."""
    # Roots and what continues something else do not break for one reason: each has its order.
    return frozenset(
        tuple(each[name] for name in CONSUMER)
        for each in spells.iter_rows(named=True)
        if is_mixed(each["cut"], each["spells"], each["between"], each["after"])
    )


def mark_mixed(rows: pl.DataFrame, mixed: frozenset[Consumer]) -> pl.DataFrame:
    """Add `mixed` to rows with the columns CONSUMER."""
    if not mixed:
        return rows.with_columns(pl.lit(value=False).alias(MIXED))
    marked = pl.DataFrame(
        [(*consumer, True) for consumer in mixed],
        schema=dict.fromkeys(CONSUMER, pl.String) | {MIXED: pl.Boolean},
        orient="row",
    )
    return rows.join(marked, on=CONSUMER, how="left", nulls_equal=True).with_columns(
        pl.col(MIXED).fill_null(value=False)
    )


def is_mixed(cut: int, spells: int, between: int, after: int) -> bool:
    """Whether messages of two kinds interleave as if their kinds had been drawn at random: of
    a row that begins and ends with one without context there are `cut`, in so many `spells`
    of one or more, and others `between` them; and others `after` them.

    They do not where there are two thirds of the spells that are to be expected, or fewer;
    nor where so few are very unlikely, although they are more (the test of runs of Wald and
    Wolfowitz, exact, both ends being given). One spell of one message is no spell, unless it
    only begins.
    """
    if not between:
        return cut == 1 and after > 0
    drawn = cut + between - 2  # all but the two ends
    expected = 1 + between * (cut - 1) / drawn
    if spells >= expected:
        return True
    if spells <= expected * _FEW:
        return False
    ways = sum(comb(cut - 1, n) * comb(between - 1, n - 1) for n in range(1, spells))
    return ways / comb(drawn, between) >= _LEAST
