"""The decoder that runs here."""

from collections.abc import Sequence

from collector.decoded import Decoder
from collector.python_decoder import PythonDecoder


def make_decoder(correlation_keys: Sequence[str] = ()) -> Decoder:
    """A decoder that knows these correlation keys beside the default ones."""
    return PythonDecoder(correlation_keys=correlation_keys)
