"""Which carrier of the context was written, and which is read (analyzer/carriers.toml)."""

from collections.abc import Iterable

from analyzer.carriers import ATTRIBUTES, XRAY, find_library, read_later, written_by
from analyzer.case import Case
from analyzer.conditions import Finding, condition


def _read(case: Case) -> frozenset[str] | None:
    library = find_library(case.facts["scope_name"], case.facts["scope_version"])
    if library is None or (library.reads == frozenset() and case.facts["part"] != "process"):
        return None  # a library looks for a context where it makes a span for the message
    return library.reads


def _scopes(case: Case) -> Iterable[str]:
    """Of the producer that was found, else of all who send there."""
    return [case.facts["producer_scope_name"] or ""] if case.found else case.around.sender_scopes


def _written(case: Case) -> frozenset[str] | None:
    return written_by(_scopes(case))


def _list(carriers: frozenset[str] | None) -> str:
    return " and ".join(sorted(carriers or ())) or "no context"


def _say_written(case: Case) -> Finding:
    names = ", ".join(sorted(scope for scope in _scopes(case) if scope))
    return Finding("producer's instrumentation", names, f"{names} writes {_list(_written(case))}.")


def _consumer(case: Case) -> str:
    told = (case.facts["scope_name"], case.facts["scope_version"])
    return " ".join(text for text in told if text)


def _say_read(case: Case) -> Finding:
    name = _consumer(case)
    return Finding("consumer's instrumentation", name, f"{name} reads {_list(_read(case))}.")


@condition("reads by hand")
def reads_by_hand(case: Case) -> bool:
    """No library that extracts the context of a message by itself recorded the consumer."""
    return _read(case) is None


@condition("reads the X-Ray header", _say_read)
def reads_xray(case: Case) -> bool:
    """The consumer's library reads the X-Ray header, not the message attributes."""
    return _read(case) == frozenset([XRAY])


@condition("reads nothing", _say_read)
def reads_nothing(case: Case) -> bool:
    """This version of the consumer's library finds no context in a message."""
    return _read(case) == frozenset()


@condition("senders write no attributes", _say_written)
def sends_are_api_calls(case: Case) -> bool:
    """All producers are recorded by libraries that write no message attributes."""
    written = _written(case)
    return written is not None and ATTRIBUTES not in written


@condition("senders write attributes", _say_written)
def senders_write_attributes(case: Case) -> bool:
    """Every producer is recorded by a library that writes message attributes."""
    written = [written_by([scope]) or () for scope in _scopes(case)]
    return bool(written) and all(ATTRIBUTES in each for each in written)


@condition("carriers do not meet", _say_written)
def carriers_differ(case: Case) -> bool:
    """The consumer's library does not read what the producers' libraries write; or it reads the
    X-Ray header alone, which nobody writes by hand."""
    written, read = _written(case), _read(case)
    if not read:
        return False
    if written is None:
        return read == frozenset([XRAY]) and case.reachable and not _may_write_xray(case)
    return bool(written) and not written & read


def _may_write_xray(case: Case) -> bool:
    libraries = map(find_library, _scopes(case))
    return any(each is not None and XRAY in (each.writes or ()) for each in libraries)


@condition("X-Ray is used")
def uses_xray(case: Case) -> bool:
    """The libraries of those who send write the X-Ray header, or the traces of the consumer or
    of those who send have ids in the form of X-Ray's."""
    return case.around.own_epoch or case.around.senders_epoch or _may_write_xray(case)


def _say_later(case: Case) -> Finding:
    meaning = "Later versions of it read message attributes."
    return Finding("consumer's instrumentation", _consumer(case), meaning)


@condition("a later version reads attributes", _say_later)
def later_reads(case: Case) -> bool:
    """This version of the consumer's library makes no span for a message and looks for no
    context; later ones read message attributes."""
    later = read_later(case.facts["scope_name"], case.facts["scope_version"])
    return _read(case) is None and ATTRIBUTES in later


def _say_id(_case: Case) -> Finding:
    return Finding(
        "sends",
        "none with this id",
        "The producers record the id of every message, and none of their sends has this one.",
    )


@condition("id of no send", _say_id)
def of_no_send(case: Case) -> bool:
    """The message has an id, none of the sends has it, and the libraries of all who send
    there record the id of every message: another way than theirs led here."""
    libraries = [find_library(scope) for scope in case.around.sender_scopes]
    all_named = bool(libraries) and all(each is not None and each.names for each in libraries)
    return all_named and bool(case.facts["has_id"]) and not case.named
