"""Fixes to paste: the text that suits the side, the language and the library."""

import ast
import re

import pytest

from analyzer.fixes import End, choose_fix
from analyzer.fixes.templates import list_fixes, load_languages, load_templates, split_name
from tests.architecture.sources import ROOT

NOBODY = End()
TEMPLATES = [
    pytest.param(code, name, text, id=f"{code}-{name}")
    for code, templates in sorted(load_templates().items())
    for name, text in sorted(templates.items())
]


def end(language: str | None = None, *scopes: str, service: str | None = None) -> End:
    return End(
        service,
        frozenset([language] if language else []),
        tuple((scope, "1.2.3") for scope in scopes),
    )


def test_the_library_beats_the_language() -> None:
    consumer = end("python", "opentelemetry.instrumentation.aiokafka")

    assert "async for message in consumer" in choose_fix("K3", "consumer", consumer, NOBODY)
    assert "message.headers()" in choose_fix("K3", "consumer", end("python"), NOBODY)


def test_a_library_without_a_template_leaves_the_language() -> None:
    consumer = end("python", "opentelemetry.instrumentation.pika.pika_instrumentor")

    assert choose_fix("K3", "consumer", consumer, NOBODY) == choose_fix(
        "K3", "consumer", end("python"), NOBODY
    )


def test_the_system_beats_the_language() -> None:
    chosen = {
        system: choose_fix("R1", "producer", NOBODY, end("python"), system=system)
        for system in ("rabbitmq", "nats", "celery", "rocketmq", None)
    }

    assert "pika.BasicProperties(" in chosen["rabbitmq"]
    assert "await connection.publish(" in chosen["nats"]
    assert ".apply_async(" in chosen["celery"]
    assert chosen["rocketmq"] == chosen[None]
    assert "import" not in chosen[None], "no code for another broker"


def test_the_library_beats_the_system() -> None:
    producer = end("python", "opentelemetry.instrumentation.aio_pika")

    assert "aio_pika.Message(" in choose_fix("R1", "producer", NOBODY, producer, system="rabbitmq")


@pytest.mark.parametrize("scope", ["tracestitch_propagation", "tracestitch_propagation.aws_lambda"])
def test_who_has_the_propagation_library_gets_its_calls(scope: str) -> None:
    used = end("python", scope)
    other = end("python", f"my_{scope}")

    assert "**sqs.receive_arguments()" in choose_fix("S1", "consumer", used, NOBODY)
    assert "**sqs.send_arguments()" in choose_fix("S2", "producer", NOBODY, used)
    both = choose_fix("E1", "both", used, used)
    assert "eventbridge.inject_entries(" in both
    assert "eventbridge.received(" in both
    assert "receive_arguments" not in choose_fix("S1", "consumer", other, NOBODY)


def test_libraries_with_similar_names_are_told_apart() -> None:
    chosen = {
        library: choose_fix(
            "K1", "producer", NOBODY, end("python", f"opentelemetry.instrumentation.{library}")
        )
        for library in ("kafka", "aiokafka", "confluent_kafka")
    }

    assert "KafkaInstrumentor().instrument()" in chosen["kafka"]
    assert "AIOKafkaInstrumentor()" in chosen["aiokafka"]
    assert "instrument_producer(" in chosen["confluent_kafka"]


@pytest.mark.parametrize(
    ("scope", "word"),
    [
        ("opentelemetry.instrumentation.boto3sqs", "receive_message("),
        ("io.opentelemetry.aws-sdk-2.2", "ReceiveMessageRequest.builder()"),
        ("@opentelemetry/instrumentation-aws-sdk", "new ReceiveMessageCommand("),
        ("go.opentelemetry.io/contrib/instrumentation/x/otelaws", "sqs.ReceiveMessageInput{"),
        ("OpenTelemetry.Instrumentation.AWS", "new ReceiveMessageRequest"),
        ("payment", "aws sqs receive-message"),
    ],
)
def test_the_language_is_known_by_the_scope_when_the_sdk_does_not_tell(
    scope: str, word: str
) -> None:
    assert word in choose_fix("S1", "consumer", end(None, scope), NOBODY)


def test_a_browser_gets_what_is_written_for_node() -> None:
    consumer = end("webjs")

    assert "@opentelemetry/api" in choose_fix("K3", "consumer", consumer, NOBODY)


@pytest.mark.parametrize("language", [None, "ruby", "any", "languages", "../S2/python", ""])
def test_a_language_without_a_template_gets_the_general_text(language: str | None) -> None:
    general = choose_fix("S1", "consumer", NOBODY, NOBODY)

    assert "aws sqs receive-message" in general
    assert choose_fix("S1", "consumer", end(language), NOBODY) == general


def test_producers_in_several_languages_get_the_general_text() -> None:
    producers = End(languages=frozenset({"java", "python"}))

    assert choose_fix("S2", "producer", NOBODY, producers) == choose_fix(
        "S2", "producer", NOBODY, NOBODY
    )


def test_only_the_side_that_has_to_change_counts() -> None:
    fix = choose_fix("S2", "producer", end("java", service="payment"), end("go", service="order"))

    assert fix.startswith("// On the producer order:\n")
    assert "propagation.MapCarrier{}" in fix
    assert "payment" not in fix


def test_a_change_on_both_sides_has_a_part_for_each() -> None:
    fix = choose_fix("E1", "both", end("nodejs"), end("python"), "orders")

    producer, consumer = fix.split("// On the consumer, which receives from orders:\n")
    assert producer.startswith("# On the producer, which sends to orders:\n")
    assert "events.put_events(" in producer
    assert "propagation.extract(ROOT_CONTEXT" in consumer
    assert fix.count("Why, and what looks alike: /causes/E1") == 1


def test_the_same_change_on_both_sides_is_told_once() -> None:
    fix = choose_fix("unknown", "both", end("go"), end("go"))

    assert fix.startswith("// On both sides:\n")
    assert fix.count("span.SetAttributes(") == 1


def test_code_for_one_side_stands_for_both_where_the_other_side_is_unknown() -> None:
    assert choose_fix("unknown", "both", end("go"), NOBODY) == choose_fix(
        "unknown", "both", end("go"), end("go")
    )


def test_an_advice_comes_after_the_fix_and_before_the_page() -> None:
    fix = choose_fix("K3", "consumer", end("java"), end("go"), advice="E5")
    first, second = fix.split("// To match such messages with certainty")

    assert "TextMapGetter<ConsumerRecord" in first
    assert second.splitlines()[1].startswith("span.setAttribute(")
    assert "/causes/K3" in second.splitlines()[-1]


def test_plain_words_for_both_sides_have_no_heading() -> None:
    assert choose_fix("K7", "both", end("go"), NOBODY).startswith("# Nothing is broken")


def test_names_say_where_the_fix_goes() -> None:
    consumer = end("python", "opentelemetry.instrumentation.kafka", service="payment-service")
    lines = choose_fix("K4", "consumer", consumer, NOBODY, "eu.orders").splitlines()

    assert lines[:2] == [
        "# On the consumer payment-service, which receives from eu.orders:",
        "# (seen there: opentelemetry.instrumentation.kafka 1.2.3)",
    ]
    assert lines[-1] == (
        "# Why, and what looks alike: /causes/K4 on the server, docs/causes/K4.md in the repository"
    )


@pytest.mark.parametrize(
    "name",
    [
        "orders\nimport os; os.system('echo')",
        "orders\u2028x",
        "orders\r",
        '"); drop()',
        "--flag",
        "*/ x",
        "$(reboot)",
        "`reboot`",
        "o" * 101,
        "",
        "órders",
        "<script>",
        "\ud800",
    ],
)
def test_a_name_that_could_be_code_never_gets_into_a_fix(name: str) -> None:
    hostile = End(name, frozenset({"python"}), (("opentelemetry.instrumentation.kafka", name),))
    harmless = End(None, frozenset({"python"}), (("opentelemetry.instrumentation.kafka", None),))

    assert choose_fix("K4", "consumer", hostile, NOBODY, name) == choose_fix(
        "K4", "consumer", harmless, NOBODY
    )


def test_a_hostile_scope_is_not_shown() -> None:
    consumer = end("python", "opentelemetry.instrumentation.kafka\nimport os")

    assert "import os" not in choose_fix("K4", "consumer", consumer, NOBODY)


@pytest.mark.parametrize("code", sorted(load_templates()))
def test_every_cause_has_a_fix_for_sides_of_which_nothing_is_known(code: str) -> None:
    for side in ("consumer", "producer", "both"):
        fix = choose_fix(code, side, NOBODY, NOBODY)
        assert f"Why, and what looks alike: /causes/{code} on the server" in fix
        [named] = re.findall(r"docs/causes/\S+\.md", fix.splitlines()[-1])
        assert (ROOT / named).is_file()


def test_a_cause_without_templates_is_an_error() -> None:
    with pytest.raises(KeyError):
        choose_fix("Z9", "consumer", NOBODY, NOBODY)


@pytest.mark.parametrize(("code", "name", "text"), TEMPLATES)
def test_a_template_can_be_pasted(code: str, name: str, text: str) -> None:
    side, language = split_name(name)

    assert language in load_languages()
    assert text.startswith(("# ", "// "))
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    assert max(map(len, text.splitlines())) <= 100
    if side is not None:
        assert f"{side}-any" in load_templates()[code]
    if language.startswith("python"):
        ast.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text, id=f"{code}-{name}")
        for code, templates in sorted(load_templates().items())
        for name, text in sorted(templates.items())
        if name.endswith("tracestitch_propagation")
    ],
)
def test_calls_of_the_propagation_library_exist(text: str) -> None:
    """`client` is boto3's, as in the library's own pages: `sqs` is its module."""
    called = re.findall(r"\b(sqs|kafka|eventbridge)\.(\w+)", text)

    assert called
    for module, name in called:
        path = ROOT / "propagation" / "tracestitch_propagation" / f"{module}.py"
        assert f"\ndef {name}(" in path.read_text("utf-8")


def test_fixes_of_a_page_stand_in_one_order() -> None:
    listed = [(fix.side, fix.title) for fix in list_fixes("E1")]

    assert listed[:4] == [
        ("producer", "Any language"),
        ("producer", "Python"),
        ("producer", "Python, tracestitch's propagation library"),
        ("producer", "Java"),
    ]
    assert listed[7] == ("consumer", "Any language")
    assert [fix.name for fix in list_fixes("K1")][:3] == ["any", "python", "python-aiokafka"]
