"""Takes orders over HTTP and puts them on the queue."""

import json
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry import context, propagate
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind
from opentelemetry.util.types import AttributeValue

from sample_data.pipeline.aws import Queue, new_xray_header
from sample_data.pipeline.journal import report
from sample_data.pipeline.service import IDLE_SECONDS, Service, Step, run_service
from sample_data.pipeline.settings import ORDERS_QUEUE
from sample_data.pipeline.switches import Switch
from tracestitch_propagation import publish_span, sqs

VALIDATION_SECONDS = 0.004


def prepare(service: Service) -> Step:
    queue = Queue(service.settings.aws_url, ORDERS_QUEUE)

    class Orders(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            request: dict[str, AttributeValue] = {
                "http.request.method": "POST",
                "http.route": "/orders",
                "url.path": self.path,
                "http.response.status_code": 202,
                "order.id": order["order_id"],
            }
            with _serving(service, "POST /orders", request, dict(self.headers)):
                _publish(service, queue, order)
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Requests are told by their spans."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Orders)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    report("listening", port=server.server_address[1])
    return lambda _: service.control.pause(IDLE_SECONDS)


@contextmanager
def _serving(
    service: Service,
    name: str,
    attributes: Mapping[str, AttributeValue],
    headers: Mapping[str, str],
) -> Iterator[None]:
    """The span of a request, as an instrumentation of an HTTP server makes it."""
    fields = {name.lower(): value for name, value in headers.items()}
    token = context.attach(propagate.extract(fields, Context()))
    try:
        with service.tracer.start_as_current_span(
            name, kind=SpanKind.SERVER, attributes=attributes
        ):
            yield
    finally:
        context.detach(token)


def _publish(service: Service, queue: Queue, order: dict[str, Any]) -> None:
    order_id, key = order["order_id"], str(uuid.uuid4())
    told = {"order.id": order_id}
    service.work("order.validate", told, VALIDATION_SECONDS)
    with publish_span("order.publish", sqs.sending(queue.url), told) as publishing:
        arguments = sqs.send_arguments()
        if service.control.current is Switch.XRAY_MIXED:
            # As where a service of AWS in front of the queue is traced by X-Ray, too.
            arguments["MessageSystemAttributes"] = new_xray_header()
        service.report_sent(key, ORDERS_QUEUE, order_id, publishing.span)
        publishing.sent(queue.send(json.dumps({**order, "key": key}), **arguments))


if __name__ == "__main__":
    run_service("order-service", prepare)
