"""The fixes below a journey in the terminal."""

from typing import Any

from tests.unit.commands.test_terminal import CAUSE, journey, span
from tracestitch.journey_text import draw_journey


def test_consumers_with_one_cause_and_different_fixes_have_a_fix_each() -> None:
    def orphan(span_id: str, fix: str) -> dict[str, Any]:
        cause = {**CAUSE, "fix": fix}
        told = {"cause": cause, "other_causes": [], "expected": False}
        return {"trace_id": "t", "span_id": span_id, **told}

    text = draw_journey(
        journey(
            spans=[span(1), span(2), span(3), span(4)],
            orphans=[
                orphan("2", "# On the consumer billing\n"),
                orphan("3", "// On the consumer shipping\n"),
                orphan("4", "# On the consumer billing\n"),  # tried again
            ],
        )
    )

    assert text.splitlines()[5:] == [
        "",
        "S1 Not requested. To mend it:",
        "    # On the consumer billing",
        "",
        "S1 Not requested. To mend it:",
        "    // On the consumer shipping",
    ]
