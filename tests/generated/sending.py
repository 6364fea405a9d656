"""Sends: the spans of a producer, and what its channel's fault does to them."""

from collections import defaultdict
from collections.abc import Callable
from random import Random
from typing import Any

from tests.generated.breaks import DETACHED, NEVER_WRITTEN, SOMETIMES_WRITTEN, UNINSTRUMENTED
from tests.generated.causes import Lost
from tests.generated.messages import Message
from tests.generated.scene import Context, Scene
from tests.generated.styles import spell
from tests.generated.worlds import Channel

# What a span of several messages cannot tell.
_OF_ONE = ("id", "celery_id", "partition", "offset", "offset_id", "record_id", "key", "order")
_API = ("opentelemetry.instrumentation.botocore.sqs", "0.66b1")


class Sends:
    def __init__(self, random: Random, scene: Scene, lost: Callable[[Lost], None]) -> None:
        self._random, self._scene, self._lost = random, scene, lost
        self.written: dict[tuple[str, int], list[float]] = defaultdict(list)
        """When each record of a topic's partition was written, by offset."""

    def send(
        self, channel: Channel, orders: list[str], parent: Context | None, at: float
    ) -> list[Message]:
        """One message an order, in one call: of several its span names none."""
        scene, style = self._scene, channel.style
        facts = [self._facts(channel, scene.next_number(), order, at) for order in orders]
        told = facts[0] if len(orders) == 1 else facts[0] | dict.fromkeys(_OF_ONE)
        fault = self._fault(channel, at)
        detached = fault in DETACHED or (fault == "K9" and self._random.random() < 0.3)
        producer = scene.record(
            channel.sender,
            style.span.name.format(channel.name, domain=channel.name),
            parent=None if detached else parent,
            at=at,
            kind=style.span.kind,
            scope=style.scope,
            attributes=spell(style.names, style.span, told),
            orders=orders,
        )
        carried = dict.fromkeys(style.carriers, producer)
        others = []
        if style.call:
            api = scene.record(
                channel.sender,
                style.call.name,
                parent=producer,
                at=at + 0.001,
                duration=0.015,
                kind=style.call.kind,
                scope=_API,
                attributes=spell(style.names, style.call, told),
                orders=orders,
            )
            others.append(api)
            carried["xray"] = api
        if detached and parent:
            self._lost(Lost(producer, fault or "", channel, None, facts[0]["number"]))
        messages = [
            Message(
                channel,
                order,
                each,
                producer,
                others,
                dict(carried),
                at,
                fault,
                parent,
                alone=len(orders) == 1,
            )
            for order, each in zip(orders, facts, strict=True)
        ]
        for message in messages:
            self._lose(message, parent)
        return messages

    def _fault(self, channel: Channel, at: float) -> str | None:
        fault = channel.fault if at < channel.until else None
        shares = dict.fromkeys(SOMETIMES_WRITTEN, 0.4) | {"P1": 0.5, "P6": 0.6, "K8": 0.8}
        if fault == "P2":
            shares["P2"] = 0.7
        return fault if self._random.random() < shares.get(fault or "", 1.0) else None

    def _lose(self, message: Message, parent: Context | None) -> None:
        """What the fault does to the context that travels, and to the spans."""
        fault = message.fault
        sent = [message.producer, *message.others]
        if fault in NEVER_WRITTEN | SOMETIMES_WRITTEN | UNINSTRUMENTED:
            message.carried.clear()
        if fault == "P5":
            message.carried = {"b3": message.producer}
        if fault in UNINSTRUMENTED | {"P1", "P2", "K7"}:
            self._scene.drop(sent)
        if fault in ("P1", "K7") and parent:
            self._scene.drop([parent])
        if fault == "P1":
            self._scene.unsampled.update(sent)

    def _facts(self, channel: Channel, number: int, order: str, at: float) -> dict[str, Any]:
        partition = number % channel.partitions
        written = self.written[channel.name, partition]
        offset = len(written)
        written.append(at)
        unique = f"5f0c1e2a-7b3d-4e4f-8a1b-{number:012x}"
        url = f"https://sqs.eu-west-1.amazonaws.com/123456789012/{channel.name}"
        return {
            "number": number,
            "domain": channel.name,
            "destination": channel.name,
            "destination_url": url,
            "address": url,
            "topic_arn": f"arn:aws:sns:eu-west-1:123456789012:{channel.name}",
            "id": unique if channel.sets_ids or channel.system != "rabbitmq" else None,
            "celery_id": unique,
            "task": "orders.ship",
            "routing_key": "order.created",
            "partition": partition,
            "offset": offset,
            "offset_id": str(offset),
            "record_id": f"{channel.name}.{partition}.{offset}",
            "key": order,
            "order": order,
            "source": "shop",
            "detail_type": "OrderPlaced",
        }
