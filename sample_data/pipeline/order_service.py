"""Takes orders over HTTP and puts them on the queue."""

import json
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sample_data.pipeline import attributes
from sample_data.pipeline.attributes import End
from sample_data.pipeline.aws import Queue
from sample_data.pipeline.carriers import from_http_headers, new_xray_header, sqs_attributes
from sample_data.pipeline.journal import report
from sample_data.pipeline.service import IDLE_SECONDS, Service, Step, run_service
from sample_data.pipeline.settings import ORDERS_QUEUE
from sample_data.pipeline.switches import Switch

VALIDATION_SECONDS = 0.004


def prepare(service: Service) -> Step:
    queue = Queue(service.settings.aws_url, ORDERS_QUEUE)

    class Orders(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            request = {
                "http.request.method": "POST",
                "http.route": "/orders",
                "url.path": self.path,
                "http.response.status_code": 202,
                "order.id": order["order_id"],
            }
            carried = from_http_headers(dict(self.headers))
            with service.telemetry.serve("POST /orders", request, carried):
                _publish(service, queue, order)
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Requests are told by their spans."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Orders)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    report("listening", port=server.server_address[1])
    return lambda _: service.control.pause(IDLE_SECONDS)


def _publish(service: Service, queue: Queue, order: dict[str, Any]) -> None:
    order_id, key = order["order_id"], str(uuid.uuid4())
    with service.telemetry.work("order.validate", order_id, VALIDATION_SECONDS):
        pass
    described = attributes.sqs(queue.url, order_id)
    with service.telemetry.publish("order.publish", End.SQS_PUBLISH, described) as span:
        xray = new_xray_header() if service.control.current is Switch.XRAY_MIXED else None
        service.report_sent(key, ORDERS_QUEUE, order_id, span)
        message_id = queue.send({**order, "key": key}, sqs_attributes(), xray)
        service.telemetry.describe(span, End.SQS_PUBLISH, attributes.sqs_message(message_id))


if __name__ == "__main__":
    run_service("order-service", prepare)
