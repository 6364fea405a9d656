"""What a journey is called that was asked by one of its traces."""

import re

from tests.answer_builders import span_hex, trace_hex
from tests.unit.web.applications import application, small_scene
from web.shapes import CorrelationId
from web.waterfall.headings import name_once, name_work


def ids(*pairs: str) -> list[CorrelationId]:
    split = (pair.split("=") for pair in pairs)
    return [{"key": key, "value": value} for key, value in split]


def test_a_journey_is_called_by_the_id_of_its_work() -> None:
    (order,) = ids("order.id=A")
    assert name_work(ids("messaging.kafka.message.key=A", "order.id=A")) == order


def test_work_that_shares_its_traces_with_others_gives_no_name() -> None:
    assert name_work(ids("order.id=A", "order.id=B")) is None
    (workflow,) = ids("workflow.id=W")
    assert name_work(ids("order.id=A", "order.id=B", "workflow.id=W")) == workflow


def test_an_id_of_a_message_is_no_name() -> None:
    assert name_work(ids("messaging.message.conversation_id=c")) is None
    assert name_work([]) is None


def test_a_value_of_several_keys_is_told_once_by_that_of_the_work() -> None:
    told = name_once(ids("messaging.kafka.message.key=A", "order.id=A", "order.id=B"))
    assert told == ids("order.id=A", "order.id=B")


def test_a_page_asked_by_a_trace_names_the_work_and_that_trace() -> None:
    client = application(small_scene().store())
    for number in (1, 2):
        text = client.get("/journeys", trace_id=trace_hex(number)).text
        (heading,) = re.findall("<h1>(.*?)</h1>", text)
        assert '<a href="/journeys?attribute=order.id=A">A</a>' in heading
        assert f'value="{trace_hex(number)}"' in text
    assert span_hex(1) in text
