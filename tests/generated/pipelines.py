"""Runs random pipelines: messages travel, spans and truth are recorded.

Message by message in the order of true time; one service takes one delivery at a time.
"""

import heapq
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.builders import Built
from tests.generated.messages import Arrival, Message, bring
from tests.generated.noise import end_partition, make_noise
from tests.generated.scene import Context, Scene, Service
from tests.generated.sending import Sends
from tests.generated.shapes import SHAPES, Delivery, Parcel
from tests.generated.telling import Telling
from tests.generated.topology import Habits, draw_world
from tests.generated.worlds import Channel, Subscription, World

ANYTHING = Habits()


@dataclass(frozen=True, slots=True)
class Generated:
    spans: list[Built]
    truth: dict[str, Any]
    """`edges` and `orphan_roots` as in a truth.json."""
    orders: dict[tuple[str, str], frozenset[str]]
    """Which orders a span handled."""


def generate(random: Random, habits: Habits = ANYTHING) -> Generated:
    """Up to two environments with up to five orders each; where one cause is asked for, one
    environment with six to twelve."""
    scene = Scene()
    places = random.sample(
        [("production", "shop"), ("staging", "shop"), ("production", "other"), (None, None)],
        1 if habits.cause else random.choice([1, 1, 2]),
    )
    seed = random.randrange(2**32)
    for environment, namespace in places:
        # the same names in each, and the same orders; faults and habits differ
        drawn = Random(seed) if random.random() < 0.5 else random
        world = draw_world(drawn, environment, namespace, habits)
        orders = random.randint(6, 12) if habits.cause else random.randint(1, 5)
        _Run(random, scene, world, orders).run()
    if random.random() < 0.6:
        make_noise(random, scene, *places[0])
    return Generated(list(scene.spans.values()), scene.truth(), scene.orders)


class _Run:
    def __init__(self, random: Random, scene: Scene, world: World, orders: int) -> None:
        self._random, self._scene, self._world = random, scene, world
        self._orders = orders
        self._telling = Telling(scene)
        self._sends = Sends(random, scene, self._telling.lose)
        self._arrivals: list[Arrival] = []
        self._busy_until: dict[str, float] = {}
        self._ends_seen: list[tuple[Service, str, int, float]] = []
        self._held: dict[tuple[str, str], list[Message]] = {}

    def run(self) -> None:
        reuses = self._random.random() < 0.2
        for number in range(self._orders):
            orders = [f"ORD-{100 + (self._random.randint(0, 1) if reuses else number)}"]
            if self._world.sends_batches and self._random.random() < 0.5:
                orders.append(f"ORD-{200 + number}")
            self._enter(orders, 10.0 * number + self._random.random())
        self._release()
        while self._arrivals:
            self._deliver(heapq.heappop(self._arrivals))
            if not self._arrivals:
                self._release()
        for service, topic, partition, at in self._ends_seen:
            written = enumerate(self._sends.written[topic, partition], start=1)
            end = max((offset for offset, sent in written if sent <= at), default=0)
            end_partition(self._scene, service, topic, partition, end, at)
        self._telling.name_causes()

    def _enter(self, orders: list[str], at: float) -> None:
        random, world, scene = self._random, self._world, self._scene
        tells = world.tells_order and len(orders) == 1
        root = None
        if world.begins != "relay":
            timer = world.begins == "timer"
            told = {"faas.trigger": "timer"} if timer else {"http.request.method": "POST"}
            root = scene.record(
                world.entry.sender,
                "nightly" if timer else "POST /orders",
                at=at,
                duration=0.2,
                kind="INTERNAL" if timer else "SERVER",
                attributes=told | ({"order.id": orders[0]} if tells else {}),
                orders=orders,
            )
        self._send(world.entry, orders, root, at + 0.05)
        if root and world.samples:
            scene.sample(root.trace, kept=root in scene.spans)
        if root and world.loses_entries and random.random() < 0.5:
            scene.drop([root])

    def _send(self, channel: Channel, orders: list[str], parent: Context | None, at: float) -> None:
        for message in self._sends.send(channel, orders, parent, at):
            for subscription in channel.subscriptions:
                self._hold(subscription, message)

    def _hold(self, subscription: Subscription, message: Message) -> None:
        """Messages of a batching consumer wait for company, the others travel at once."""
        waiting = self._held.setdefault((subscription.service.name, subscription.queue), [])
        waiting.append(message)
        most = 3 if subscription.style.batches else 1
        if message.channel.fault == "K7":
            return  # nobody reads the topic until all is written
        if len(waiting) >= most or self._random.random() < 0.3:
            self._travel(subscription, waiting)

    def _release(self) -> None:
        for channel, subscription in _subscriptions(self._world.entry):
            waiting = self._held.get((subscription.service.name, subscription.queue), [])
            if waiting and channel.fault == "K7":
                self._read_from_the_beginning(subscription, waiting)
            elif waiting:
                self._travel(subscription, waiting)

    def _read_from_the_beginning(self, subscription: Subscription, messages: list[Message]) -> None:
        at = max(message.sent for message in messages) + 30.0
        for number, message in enumerate(messages):
            one = Arrival(at + 0.15 * number, self._scene.next_number(), subscription, [message])
            self._arrive(replace(one, hurries=True))
        messages.clear()

    def _travel(self, subscription: Subscription, messages: list[Message]) -> None:
        delay = self._random.choice([0.005, 0.5, 2.0])
        at = max(message.sent for message in messages) + 0.03 + delay
        self._arrive(Arrival(at, self._scene.next_number(), subscription, list(messages)))
        if subscription.fault == "E4":
            for message in messages:
                self._arrive(
                    Arrival(
                        at=7200.0 + message.sent / 50,
                        number=self._scene.next_number(),
                        subscription=subscription,
                        messages=[message],
                        fault="E4",
                        hurries=True,
                    )
                )
        messages.clear()

    def _arrive(self, arrival: Arrival) -> None:
        heapq.heappush(self._arrivals, arrival)

    def _deliver(self, arrival: Arrival) -> None:
        subscription, name = arrival.subscription, arrival.subscription.service.name
        at = arrival.at
        if not arrival.hurries:
            at = max(at, self._busy_until.get(name, 0.0) + 2.0)
        self._busy_until[name] = at + 0.2 * len(arrival.messages) + 0.3
        fails = self._fails(arrival)
        parcels = [
            bring(message, arrival, self._random, number=self._scene.next_number(), fails=fails)
            for message in arrival.messages
        ]
        service = subscription.service
        if subscription.since and at >= subscription.since:  # a new version broke it
            service = replace(service, version="1.5.0")
        handled = SHAPES[subscription.style.shape](
            Delivery(
                self._scene,
                service,
                subscription.style,
                subscription.queue,
                [parcel for parcel, _ in parcels],
                at,
                lambda parent, parcel, begun: self._work(
                    subscription, service, parent, parcel, begun
                ),
            )
        )
        self._telling.tell_delivery(arrival, parcels, handled)
        if "confluent" in subscription.style.scope[0] and self._random.random() < 0.3:
            facts = parcels[0][0].facts
            place = facts["destination"], facts["partition"]
            self._ends_seen.append((subscription.service, *place, at + 0.3))

    def _fails(self, arrival: Arrival) -> bool:
        """The delivery fails: it comes again, or goes to the dead-letter queue."""
        subscription = arrival.subscription
        alone = len(arrival.messages) == 1 and subscription.group and not arrival.hurries
        if not alone or arrival.attempt > 2 or self._random.random() > self._world.failing:
            return False
        if subscription.parks:
            return True  # its application sends it on
        dead_letter = subscription.dead_letter if arrival.attempt == 2 else None
        self._arrive(
            Arrival(
                arrival.at + 3.0,
                self._scene.next_number(),
                dead_letter or subscription,
                arrival.messages,
                arrival.attempt + 1,
                fault="S12" if dead_letter is subscription else None,
            )
        )
        return True

    def _work(
        self,
        subscription: Subscription,
        service: Service,
        parent: Context | None,
        parcel: Parcel,
        at: float,
    ) -> Context:
        told = {"order.id": parcel.order} if subscription.tells_order else {}
        body = self._scene.record(
            service,
            "handle order",
            parent=parent,
            at=at,
            duration=0.06,
            attributes=told,
            orders=[parcel.order],
        )
        if self._random.random() < 0.3:
            self._scene.record(
                service,
                "SELECT",
                parent=body,
                at=at + 0.01,
                kind="CLIENT",
                orders=[parcel.order],
            )
        onward = subscription.parks if parcel.fails else subscription.onward
        if onward:
            self._send(onward, [parcel.order], body, at + 0.03)
        return body


def _subscriptions(channel: Channel) -> list[tuple[Channel, Subscription]]:
    found = []
    for subscription in channel.subscriptions:
        found.append((channel, subscription))
        for onward in (subscription.onward, subscription.parks):
            found += _subscriptions(onward) if onward else []
    return found
