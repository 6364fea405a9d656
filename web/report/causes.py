"""The pages about causes, and the same as JSON: what each is, how it is told, and its fixes."""

from itertools import groupby
from typing import TypedDict

from starlette.requests import Request
from starlette.responses import Response

from analyzer.causes import Cause, Line, load_causes
from analyzer.fixes import page_of
from analyzer.fixes.templates import list_fixes
from web.api import PREFIX, json_response
from web.errors import NotFoundError
from web.frame import render
from web.parameters import Parameters
from web.report.explanations import explain_cause
from web.routing import Router

router = Router()

# By the first letter of the code.
_FAMILIES = {
    "S": "SQS and SNS",
    "X": "X-Ray and Lambda",
    "E": "EventBridge",
    "K": "Kafka",
    "R": "RabbitMQ, JMS, NATS and others with headers",
    "T": "Tasks",
    "P": "Any system",
    "B": "Baggage",
    "u": "None of them",
}


class CauseSummary(TypedDict):
    code: str
    title: str
    kind: str  # cause | remark
    expected: bool
    side: str  # consumer | producer | both: where the fix goes
    source: str
    page: str


@router.get("/causes")
def show_causes(request: Request) -> Response:
    Parameters(request.query_params, ())
    return render(request, "causes.html", "/orphans", families=list_families())


@router.get("/causes/{code}")
def show_cause(request: Request) -> Response:
    code = request.path_params["code"]
    Parameters(request.query_params, ())
    cause = _find(code)
    fixes = [
        (side, list(members)) for side, members in groupby(list_fixes(code), lambda fix: fix.side)
    ]
    conditions = {
        condition.name: condition.meaning for line in cause.lines for condition, _ in line.holds
    }
    return render(
        request,
        "cause.html",
        "/orphans",
        cause=cause,
        text=explain_cause(code),
        fixes=fixes,
        rows=[(name_conditions(line), line.confidence) for line in cause.lines],
        conditions=conditions,
    )


@router.get(f"{PREFIX}/causes")
def causes(request: Request) -> Response:
    Parameters(request.query_params, ())
    listed = [summarise(cause) for _, members in list_families() for cause in members]
    return json_response({"causes": listed, "next_cursor": None})


@router.get(PREFIX + "/causes/{code}")
def cause_by_code(request: Request) -> Response:
    code = request.path_params["code"]
    Parameters(request.query_params, ())
    found = _find(code)
    rows = [{"holds": name_conditions(line), "confidence": line.confidence} for line in found.lines]
    fixes = [
        {"side": fix.side, "language": fix.title, "text": fix.text} for fix in list_fixes(code)
    ]
    return json_response({"cause": {**summarise(found), "rows": rows, "fixes": fixes}})


def list_families() -> list[tuple[str, list[Cause]]]:
    """All causes by what they are about; in a family by number."""
    families: dict[str, list[Cause]] = {letter: [] for letter in _FAMILIES}
    for code in sorted(load_causes(), key=lambda code: (len(code), code)):
        families[code[0]].append(load_causes()[code])
    return [(_FAMILIES[letter], members) for letter, members in families.items()]


def name_conditions(line: Line) -> list[str]:
    """What must hold for a row, by name; "not " before what must not."""
    return [
        condition.name if wanted else f"not {condition.name}" for condition, wanted in line.holds
    ]


def summarise(cause: Cause) -> CauseSummary:
    return {
        "code": cause.code,
        "title": cause.title,
        "kind": cause.kind,
        "expected": cause.expected,
        "side": cause.side,
        "source": cause.source,
        "page": page_of(cause.code),
    }


def _find(code: str) -> Cause:
    cause = load_causes().get(code)
    if cause is None:
        raise NotFoundError("code", f"There is no cause {code}.")
    return cause
