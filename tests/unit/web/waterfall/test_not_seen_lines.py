"""The lines under a waterfall's head on what messages did not get to."""

import re

import pytest

from tests.answer_builders import span_hex, trace_hex
from tests.unit.web.applications import application
from tests.unit.web.journeys.test_not_seen import NEWEST, STEP, Shop


def lines_of(shop: Shop) -> list[str]:
    page = application(shop.scene.store()).get("/journeys", attribute="order.id=A").text
    section = re.search(r'<section class="missed".*?</section>', page, re.DOTALL)
    return [] if section is None else re.findall(r"<li>.*?</li>", section[0], re.DOTALL)


def waiting_shop() -> Shop:
    shop = Shop()
    shop.examples()
    shop.send(1, start=NEWEST, order="A")
    return shop


def test_a_line_tells_what_is_usual_since_when_it_waits_and_where_to_look() -> None:
    shop = waiting_shop()
    (line,) = lines_of(shop)
    assert '<span class="chip warn">waiting</span>' in line
    assert f"<b>{STEP}</b>" in line
    assert "usual in 100 % of 20 sends" in line
    assert f'<a href="/spans/{trace_hex(1)}/{span_hex(1)}">waits since</a>' in line
    assert f"= {shop.sent[1]['end_time_unix_nano']} ns" in line
    assert '<a class="next" href="/destinations?name=orders">look at orders</a>' in line


def test_what_is_lost_leads_to_the_messages_that_are_stuck() -> None:
    shop = waiting_shop()
    for number in range(3):
        shop.send(2 + number, start=NEWEST + 100 + number)
        shop.receive(2 + number)
    (line,) = lines_of(shop)
    assert '<span class="chip bad">lost</span>' in line
    assert 'href="/destinations?name=orders#stuck">stuck in orders</a>' in line


@pytest.mark.parametrize(("letters", "whole"), [(5_000, True), (9_000, False)])
def test_the_address_of_a_long_name_is_whole_or_that_of_the_list(
    letters: int, *, whole: bool
) -> None:
    shop = Shop("n" * letters)
    shop.examples()
    shop.send(1, start=2_500, order="A")
    (line,) = lines_of(shop)
    asked = f"?name={shop.queue}" if whole else ""
    assert f'href="/destinations{asked}#stuck">stuck in nnn' in line


def test_an_orphan_root_at_the_same_destination_is_looked_at_first() -> None:
    shop = waiting_shop()
    root = shop.scene.span(1, 7, parent=1, service="audit", start_time_unix_nano=NEWEST + 9)
    shop.scene.orphan(root)
    (line,) = lines_of(shop)
    assert 'class="next" href="/orphans/' in line
    assert "orphan roots of orders" in line


def test_what_is_dead_leads_to_its_dead_letter_queue() -> None:
    shop = waiting_shop()
    shop.receive(1, "dlq", name="dead", destination="orders-dlq", dead_letter=True)
    (line,) = lines_of(shop)
    assert '<span class="chip bad">dead</span>' in line
    assert 'href="/destinations?name=orders-dlq">look at orders-dlq</a>' in line


def test_nothing_is_told_where_nothing_is_missed() -> None:
    shop = waiting_shop()
    shop.receive(1)
    assert lines_of(shop) == []
