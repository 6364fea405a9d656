"""A second consumer group on the payments: audits those that belong to a workflow."""

from sample_data.pipeline import attributes
from sample_data.pipeline.attributes import End
from sample_data.pipeline.carriers import from_kafka_headers
from sample_data.pipeline.kafka import Record, TopicReader
from sample_data.pipeline.service import IDLE_SECONDS, Service, Step, run_service, workflow_of
from sample_data.pipeline.settings import PAYMENTS_TOPIC

NAME = "audit-service"
WRITE_SECONDS = 0.003


def prepare(service: Service) -> Step:
    payments = TopicReader(service.settings.kafka_servers, PAYMENTS_TOPIC, group=NAME)

    def step(_: object) -> None:
        if (received := payments.receive(IDLE_SECONDS)) is not None:
            record, message = received
            _audit(service, record)
            payments.commit(message)

    return step


def _audit(service: Service, record: Record) -> None:
    carried = from_kafka_headers(record.headers)
    if workflow_of(carried) is None:
        return
    order_id = record.body["order_id"]
    described = {
        **attributes.kafka_process(PAYMENTS_TOPIC, NAME, order_id),
        **attributes.kafka_record(record.partition, record.offset),
    }
    with (
        service.telemetry.process(
            "payment.process", End.KAFKA_PROCESS, described, carried, as_link=True
        ) as span,
        service.telemetry.work("audit.write", order_id, WRITE_SECONDS),
    ):
        pass
    service.report_received(record.body["key"], PAYMENTS_TOPIC, span)


if __name__ == "__main__":
    run_service(NAME, prepare)
