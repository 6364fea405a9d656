"""What the forms call the parameters of an address, and errors about them. Pure."""

LABELS = {
    "attribute": "Attribute",
    "cause": "Cause",
    "destination": "Destination",
    "from": "From",
    "max_duration": "Takes at most",
    "min_duration": "Takes at least",
    "name_contains": "Span name contains",
    "problem": "Trace with",
    "state": "State",
    "status": "Span status",
    "to": "To",
}


def relabel(message: str, parameter: str | None) -> str:
    """A sentence that begins with a parameter, as the reader of a form knows that field."""
    label, begin = LABELS.get(parameter or ""), f"{parameter} "
    if label is None or not message.startswith(begin):
        return message
    return f"“{label}” {message.removeprefix(begin)}"
