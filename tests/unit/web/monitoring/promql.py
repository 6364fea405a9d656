"""A few words of PromQL over samples at one instant: enough to try the alert rules.

Understood: selectors with `=` and `!=`, sums `by` and `without`, numbers, parentheses,
`+ * /`, comparisons, `and`, `unless`, `on`. An `offset` sees the samples of then.
"""

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import promql_parser as promql

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
Samples = Iterable[tuple[str, Mapping[str, str], float]]

_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "*": operator.mul,
    "/": lambda a, b: a / b if b else float("nan"),
}
_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "==": operator.eq,
}


@dataclass(frozen=True)
class Instant:
    """Samples now, and those an hour ago."""

    now: Samples
    before: Samples = ()

    def query(self, text: str) -> Vector:
        found = self._evaluate(promql.parse(text))
        assert isinstance(found, dict)
        return found

    def _evaluate(self, expr: Any) -> Vector | float:
        if isinstance(expr, promql.NumberLiteral):
            return float(expr.val)
        if isinstance(expr, promql.ParenExpr):
            return self._evaluate(expr.expr)
        if isinstance(expr, promql.VectorSelector):
            return self._select(expr)
        if isinstance(expr, promql.AggregateExpr):
            return self._sum(expr)
        assert isinstance(expr, promql.BinaryExpr), f"not understood: {expr}"
        return _combine(expr, self._evaluate(expr.lhs), self._evaluate(expr.rhs))

    def _select(self, expr: Any) -> Vector:
        samples = self.now if expr.offset is None else self.before
        return {
            frozenset(labels.items()): value
            for name, labels, value in samples
            if name == expr.name
            and all(_matches(matcher, labels) for matcher in expr.matchers.matchers)
        }

    def _sum(self, expr: Any) -> Vector:
        assert str(expr.op) == "sum"
        given = self._evaluate(expr.expr)
        assert isinstance(given, dict)
        sums: Vector = {}
        for labels, value in given.items():
            key = _kept(labels, expr.modifier.labels, by="By" in str(expr.modifier.type))
            sums[key] = sums.get(key, 0.0) + value
        return sums


def _matches(matcher: Any, labels: Mapping[str, str]) -> bool:
    equal = labels.get(matcher.name, "") == matcher.value
    return equal if "NotEqual" not in str(matcher.op) else not equal


def _kept(labels: Labels, names: Iterable[str], *, by: bool) -> Labels:
    return frozenset(pair for pair in labels if (pair[0] in set(names)) == by)


def _combine(expr: Any, left: Vector | float, right: Vector | float) -> Vector | float:
    word = str(expr.op)
    if isinstance(left, float):
        assert isinstance(right, dict)
        return {labels: _ARITHMETIC[word](left, value) for labels, value in right.items()}
    matching = expr.modifier and expr.modifier.matching
    pairs: dict[Labels, float] = {}
    for labels, value in left.items():
        key = _kept(labels, matching.labels, by=True) if matching else labels
        other = right if isinstance(right, float) else _matched(right, key, matching)
        if word in {"and", "unless"}:
            if (other is not None) == (word == "and"):
                pairs[labels] = value
        elif other is not None and word in _ARITHMETIC:
            pairs[labels] = _ARITHMETIC[word](value, other)
        elif other is not None and _COMPARISONS[word](value, other):
            pairs[labels] = value
    return pairs


def _matched(right: Vector, key: Labels, matching: Any) -> float | None:
    if not matching:
        return right.get(key)
    found = [v for lb, v in right.items() if _kept(lb, matching.labels, by=True) == key]
    return found[0] if found else None
