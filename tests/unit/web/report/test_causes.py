"""The pages about causes, and the same as JSON."""

import re

import pytest

from analyzer.causes import load_causes
from analyzer.fixes.templates import load_templates
from tests.unit.web.applications import application, small_scene
from tests.web_client import WebClient
from web.report.explanations import explain_cause, render_text


@pytest.fixture
def client() -> WebClient:
    return application(small_scene().store())


def test_the_list_leads_to_every_cause(client: WebClient) -> None:
    listed = client.read("/causes")
    answer = client.get("/api/v1/causes").json()

    assert listed.status_code == 200
    codes = [cause["code"] for cause in answer["causes"]]
    assert sorted(codes) == sorted(load_causes())
    assert codes[:3] == ["S1", "S2", "S3"]
    assert codes.index("S9") < codes.index("S10") < codes.index("X1")
    for cause in answer["causes"]:
        assert f'href="{cause["page"]}"' in listed.text
        assert cause["source"].startswith("https://")


@pytest.mark.parametrize("code", sorted(load_causes()))
def test_a_page_shows_the_explanation_and_all_fixes(client: WebClient, code: str) -> None:
    page = client.read(f"/causes/{code}")
    cause = client.get(f"/api/v1/causes/{code}").json()["cause"]

    assert page.status_code == 200
    assert page.text.count("<h1>") == 1
    assert "<h2>What looks alike</h2>" in page.text
    assert page.text.count(" data-copy-code>") == len(load_templates()[code])
    assert {fix["text"] for fix in cause["fixes"]} == set(load_templates()[code].values())
    assert cause["page"] == f"/causes/{code}"
    assert all(row["holds"] and 0 <= row["confidence"] <= 1 for row in cause["rows"])


def test_pages_lead_to_each_other(client: WebClient) -> None:
    addresses = set(re.findall(r'href="(/causes/\w+)"', client.read("/causes/S1").text))

    assert {"/causes/S2", "/causes/S9"} <= addresses
    assert all(client.read(address).status_code == 200 for address in addresses)


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/causes/Z9", 404),
        ("/causes/s1", 404),
        ("/causes/README", 404),
        ("/causes/..%2Fglossary", 404),
        ("/causes/%00", 404),
        ("/causes/<script>alert(1)</script>", 404),
        ("/causes?code=S1", 400),
        ("/causes/S1?language=python", 400),
    ],
)
def test_other_addresses_are_errors(client: WebClient, address: str, status: int) -> None:
    page = client.read(address)

    assert page.status_code == status
    assert "<script>alert" not in page.text
    answer = client.get(f"/api/v1{address}")
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "parameter"}


def test_orphans_and_groups_name_the_page_of_their_cause(client: WebClient) -> None:
    (orphan,) = client.get("/api/v1/orphans").json()["orphans"]
    (group,) = client.get("/api/v1/orphans/groups").json()["groups"]

    assert orphan["cause"]["page"] == group["cause"]["page"] == "/causes/S1"
    report = client.get(f"/orphans/of-{orphan['trace_id']}-{orphan['span_id']}")
    page = client.read(report.headers["location"]).text
    assert 'href="/causes/S1"' in page
    assert 'href="/causes/S2"' in page, "a less likely cause is explained, too"


def test_markup_in_a_document_is_text() -> None:
    shown = render_text("# T\n\n<script>x</script> [a](javascript:x) [b](S1.md) [c](README.md)\n")

    assert "<script" not in shown
    assert "<h1" not in shown
    assert 'href="javascript' not in shown
    assert '<a href="/causes/S1">b</a>' in shown
    assert '<a href="/causes">c</a>' in shown


def test_a_link_away_tells_nothing_of_where_it_stood() -> None:
    assert 'href="https://a.b/" rel="noreferrer"' in render_text("[a](https://a.b/)\n")


def test_a_cause_without_a_page_is_an_error() -> None:
    with pytest.raises(KeyError):
        explain_cause("Z9")
