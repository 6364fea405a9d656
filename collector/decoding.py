"""The decoder that runs here: the compiled one where it is installed."""

from collections.abc import Sequence

from collector.decoded import Decoder
from collector.python_decoder import PythonDecoder


def make_decoder(correlation_keys: Sequence[str] = ()) -> Decoder:
    """A decoder that knows these correlation keys beside the default ones."""
    try:
        from collector.native_decoder import NativeDecoder
    except ModuleNotFoundError as missing:
        if missing.name != "tracestitch_decoder":
            raise
        return PythonDecoder(correlation_keys=correlation_keys)
    return NativeDecoder(correlation_keys=correlation_keys)
