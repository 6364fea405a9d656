"""Where the spans of one test come from, and what may explain that none did."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tracestitch.testing.inbox import Inbox
from tracestitch.testing.receiver import Receiver

if TYPE_CHECKING:
    from tracestitch.testing.process_spans import ProcessSpans

WITHOUT_SDK = (
    "Spans of this process cannot be seen without opentelemetry-sdk and"
    ' opentelemetry-exporter-otlp-proto-common; install "tracestitch[pytest]".'
)
_DISABLED = "OTEL_SDK_DISABLED is set, so that this process makes no spans."
_UNKNOWN_API = (
    "This version of opentelemetry-api hides where no tracer provider is set: spans of this"
    " process are seen if it was set before the test or is given to `stitched.watch`."
)
_OF_THIS_PROCESS = (
    "Spans are seen that end in this process, through the global tracer provider and those given"
    " to `stitched.watch`; other processes need `stitched.environment()`."
)


class Sources:
    def __init__(self, receiver: Receiver, process: "ProcessSpans | None") -> None:
        """`process` is None without opentelemetry-sdk."""
        self.inbox = Inbox()
        self._receiver, self._process = receiver, process
        self._others_expected = False

    @property
    def of_others(self) -> Receiver:
        """The ports for processes under test, from which spans are expected from now on."""
        self._others_expected = True
        return self._receiver

    @property
    def come_from_others(self) -> bool:
        """Whether spans may be under way that ended already."""
        return self._receiver.is_open

    @property
    def others_are_silent(self) -> bool:
        return self._others_expected and not self._receiver.received

    def watch(self, provider: object) -> None:
        """Raises TypeError for a provider that is not the SDK's."""
        if self._process is None:
            raise TypeError(WITHOUT_SDK)
        self._process.watch(provider)

    def watch_global(self) -> None:
        if self._process is not None:
            self._process.watch_global()

    def begun(self) -> Mapping[str, int]:
        """Names of this process's spans that have not ended."""
        return {} if self._process is None else self._process.begun()

    def tell(self) -> str:
        told = []
        if self._process is None:
            told.append(WITHOUT_SDK)
        elif self._process.is_disabled:
            told.append(_DISABLED)
        elif not self._process.sees_unset_provider:
            told.append(_UNKNOWN_API)
        elif not self._others_expected:
            told.append(_OF_THIS_PROCESS)
        if self._others_expected:
            told.append(f"Requests that arrived at the OTLP port: {self._receiver.received:,}.")
            if late := self._receiver.left_out:
                told.append(f"Spans in them that ended before this test are left out: {late:,}.")
        return " ".join(told)
