"""A queue of moto that triggers a function."""

from typing import Any

from tests.propagation.conftest import Aws
from tests.propagation.lambda_events import sqs_event
from tracestitch_propagation import publish_span, sqs


class Queue:
    """A queue of moto that triggers a function."""

    def __init__(self, aws: Aws, name: str) -> None:
        self.name = name
        self._client = aws("sqs")
        attributes = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
        self.url = self._client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def send(self, body: str, **arguments: Any) -> str:
        answer = self._client.send_message(QueueUrl=self.url, MessageBody=body, **arguments)
        return str(answer["MessageId"])

    def publish(self, body: str) -> None:
        """As a service with the library does."""
        with publish_span(f"order.publish {body}", sqs.sending(self.url)) as publishing:
            arguments = sqs.send_arguments()
            answer = self._client.send_message(QueueUrl=self.url, MessageBody=body, **arguments)
            publishing.sent(answer)

    def trigger(self) -> dict[str, Any]:
        arguments = sqs.receive_arguments(MaxNumberOfMessages=10)
        answer = self._client.receive_message(QueueUrl=self.url, **arguments)
        return sqs_event(answer["Messages"], self.name)
