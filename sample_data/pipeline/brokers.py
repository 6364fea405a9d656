"""The broker process: SQS and EventBridge from moto's server, Kafka from librdkafka.

librdkafka holds a mock cluster for its own tests: a client that is configured with
`test.mock.num.brokers` starts brokers inside itself that speak the Kafka protocol
to anyone over TCP. One producer with that setting is our cluster; its metadata
say at which port it listens. It lives as long as this process. Topics come into
being with four partitions when a producer asks for them. A consumer group must be
joined once only: the mock does not let anyone into a group that has become empty.
"""

import logging

from confluent_kafka import Producer
from moto.server import ThreadedMotoServer

from sample_data.pipeline.aws import Bus, create_resources, find_queue_arn
from sample_data.pipeline.control import Control
from sample_data.pipeline.journal import report
from sample_data.pipeline.kafka import QUIET
from sample_data.pipeline.service import IDLE_SECONDS
from sample_data.pipeline.settings import PAYMENTS_TOPIC, SHIPMENTS_QUEUE
from sample_data.pipeline.switches import Switch


def run_brokers() -> None:
    """Start, report the addresses, and stay until standard input ends."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    aws = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    aws.start()
    host, port = aws.get_host_and_port()
    aws_url = f"http://{host}:{port}"
    create_resources(aws_url)
    bus, shipments = Bus(aws_url), find_queue_arn(aws_url, SHIPMENTS_QUEUE)
    cluster = Producer({"test.mock.num.brokers": 1, **QUIET})
    brokers = cluster.list_topics(PAYMENTS_TOPIC, timeout=10).brokers.values()
    servers = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    control = Control(
        adopt=lambda switch: bus.route_to(shipments, strip=switch is Switch.INPUT_TRANSFORMER)
    )
    report("ready", aws_url=aws_url, kafka_servers=servers)
    while control.next_switch() is not None:
        control.pause(IDLE_SECONDS)


if __name__ == "__main__":
    run_brokers()
