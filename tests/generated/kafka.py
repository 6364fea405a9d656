"""Apache Kafka: headers carry the context; offsets stand mostly on the consumer's side."""

from tests.generated.styles import MIDDLE, NEW, OLD, ReceiveStyle, SendStyle, Told

_CONFLUENT = ("opentelemetry.instrumentation.confluent_kafka", "0.66b1")
_KAFKA_PYTHON = ("opentelemetry.instrumentation.kafka", "0.66b1")
_AIOKAFKA = ("opentelemetry.instrumentation.aiokafka", "0.66b1")
_JAVA = ("io.opentelemetry.kafka-clients-0.11", "2.31.0")
_KAFKAJS = ("@opentelemetry/instrumentation-kafkajs", "0.32.0")
_STREAMS = ("io.opentelemetry.kafka-streams-0.11", "2.31.0")
_SARAMA = (
    "go.opentelemetry.io/contrib/instrumentation/github.com/Shopify/sarama/otelsarama",
    "0.43.0",
)
_HAND = ("shop", "1")

_RECORD = ("destination", "partition", "offset")
_KAFKA = {"system": "kafka"}

SENDS = {
    "confluent": SendStyle(
        "python",
        _CONFLUENT,
        OLD,
        Told("{} send", "PRODUCER", ("destination",), {**_KAFKA, "operation": "publish"}),
    ),
    "kafka-python": SendStyle(
        "python",
        _KAFKA_PYTHON,
        OLD,
        Told("{} send", "PRODUCER", ("destination", "partition"), _KAFKA),
    ),
    "aiokafka": SendStyle(
        "python",
        _AIOKAFKA,
        NEW,
        Told(
            "{} send",
            "PRODUCER",
            ("destination", "partition", "key"),
            {**_KAFKA, "operation": "publish"},
        ),
    ),
    "java": SendStyle(
        "java",
        _JAVA,
        MIDDLE,
        Told("{} publish", "PRODUCER", (*_RECORD, "key"), {**_KAFKA, "operation": "publish"}),
    ),
    "sarama": SendStyle(
        "go",
        _SARAMA,
        OLD,
        Told("{} publish", "PRODUCER", ("destination", "partition", "offset_id"), _KAFKA),
    ),
    "streams": SendStyle(
        "java",
        _JAVA,
        MIDDLE,
        Told("{} publish", "PRODUCER", (*_RECORD, "key"), {**_KAFKA, "operation": "publish"}),
    ),
    "kafkajs": SendStyle(
        "nodejs",
        _KAFKAJS,
        NEW,
        Told("send {}", "PRODUCER", ("destination", "key"), {**_KAFKA, "operation": "send"}),
    ),
    "by hand": SendStyle(
        "python", _HAND, OLD, Told("{domain}.publish", "INTERNAL", ("destination", "order"), _KAFKA)
    ),
    "by hand with offset": SendStyle(
        "python", _HAND, OLD, Told("{domain}.publish", "PRODUCER", (*_RECORD, "order"), _KAFKA)
    ),
}

_PROCESSED = {**_KAFKA, "operation": "process"}
_RECEIVED = {**_KAFKA, "operation": "receive"}

RECEIVES = {
    "confluent": ReceiveStyle(
        "python",
        _CONFLUENT,
        OLD,
        "receive over process",
        Told("{} process", "CONSUMER", ("destination", "partition", "record_id"), _PROCESSED),
        Told("recv", "CONSUMER"),
    ),
    "kafka-python": ReceiveStyle(
        "python",
        _KAFKA_PYTHON,
        OLD,
        "closed receive",
        Told("handle order", "INTERNAL", ("order",)),
        Told("{} receive", "CONSUMER", ("destination", "partition"), _KAFKA),
    ),
    "aiokafka": ReceiveStyle(
        "python",
        _AIOKAFKA,
        NEW,
        "closed receive",
        Told("handle order", "INTERNAL", ("order",)),
        Told("{} receive", "CONSUMER", (*_RECORD, "key", "group"), _RECEIVED),
    ),
    "java": ReceiveStyle(
        "java",
        _JAVA,
        MIDDLE,
        "child",
        Told("{} process", "CONSUMER", (*_RECORD, "key", "group"), _PROCESSED),
    ),
    "java with links": ReceiveStyle(
        "java",
        _JAVA,
        NEW,
        "child and link",
        Told("process {}", "CONSUMER", (*_RECORD, "key", "group"), _PROCESSED),
    ),
    "sarama": ReceiveStyle(
        "go",
        _SARAMA,
        OLD,
        "child",
        Told("{} receive", "CONSUMER", ("destination", "partition", "offset_id"), _RECEIVED),
    ),
    "streams": ReceiveStyle(
        "java",
        _STREAMS,
        MIDDLE,
        "child",
        Told("{} process", "CONSUMER", (*_RECORD, "key", "group"), _PROCESSED),
    ),
    "kafkajs": ReceiveStyle(
        "nodejs",
        _KAFKAJS,
        NEW,
        "child",
        Told("process {}", "CONSUMER", (*_RECORD, "key"), _PROCESSED),
    ),
    "kafkajs batch": ReceiveStyle(
        "nodejs",
        _KAFKAJS,
        NEW,
        "receive over process",
        Told("process {}", "CONSUMER", (*_RECORD, "key"), _PROCESSED),
        Told("poll {}", "CLIENT", ("destination", "partition", "count"), _RECEIVED),
        batches=True,
    ),
    "by hand": ReceiveStyle(
        "python",
        _HAND,
        OLD,
        "child",
        Told("{domain}.process", "CONSUMER", (*_RECORD, "group", "order"), _KAFKA),
    ),
    "by hand with links": ReceiveStyle(
        "python",
        _HAND,
        NEW,
        "link",
        Told("{domain}.process", "CONSUMER", (*_RECORD, "group", "order"), _PROCESSED),
    ),
}
