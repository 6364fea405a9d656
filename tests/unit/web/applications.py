"""The application over a small store written by hand."""

from collector.measures import Measures
from storage.contract import SpanStore
from tests.answer_builders import STORED_AT, Scene
from tests.web_client import WebClient
from web.app import create_app
from web.monitoring.measured import Measured, PassTimes, TransportCounts
from web.site import Site

GRACE_NANO = 500


def measured() -> Measured:
    """What a server has counted after one request of three spans over gRPC."""
    measures = Measures()
    measures.count(requests=1, request_bytes=900, spans_accepted=3)
    measures.refuse("overloaded")
    measures.observe("acknowledge_seconds", 0.02, 3.0)
    return Measured(
        transports={"grpc": TransportCounts(2, 900, 1), "http": TransportCounts(0, 0, 0)},
        http_answers={200: 1, 413: 2},
        dropped={"metrics": 7, "logs": 0},
        pipeline=measures.read(queue_bytes=5),
        analysis=PassTimes(2, 0.5, 0.25),
        unauthenticated=4,
    )


def application(store: SpanStore, now: int = STORED_AT + 2 * GRACE_NANO) -> WebClient:
    """A client of the application over this store, at the instant `now`."""
    app = create_app(store, version="1.2.3", decoder="python", otlp_grpc_address="127.0.0.1:4317")
    app.state.site = Site(
        store,
        version="1.2.3",
        decoder="python",
        grace_nano=GRACE_NANO,
        otlp_grpc_address="127.0.0.1:4317",
        measured=measured,
        clock=lambda: now,
    )
    app.state.patience_seconds = 30.0
    return WebClient(app)


def small_scene() -> Scene:
    """Order A: published in trace 1, processed in trace 2 (a link), which sends to trace 3,
    an orphan root; a candidate joins trace 1 and trace 3."""
    scene = Scene()
    scene.span(1, 1, name="POST /orders", service="order-service", order="A")
    publish = scene.span(
        1, 2, parent=1, name="order.publish", service="order-service", message="m-1"
    )
    process = scene.span(2, 1, name="order.process", service="payment-service", error=True)
    scene.says(process, "workflow.id", "W")
    scene.link(process, 1, 2, attributes='{"messaging.message.id":"m-1"}', trace_state="a=b")
    scene.event(process, name="exception", time_unix_nano=7, attributes='{"n":1}')
    orphan = scene.span(3, 1, name="stock.process", service="stock-service", order="A")
    scene.hand_over(publish, process)
    scene.hand_over(
        publish, orphan, relation="stitch", rule="correlation-id", confidence=0.4, attempt=None
    )
    scene.orphan(orphan)
    return scene
