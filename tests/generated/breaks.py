"""What can break a hop: a table of data, one row for a cause on a system.

The codes are those of docs/causes. A row says between which styles the fault happens in
practice; that its spans may look like those of another cause is said in `causes`.
"""

from dataclasses import dataclass

_Styles = frozenset[str]

_WRITE_ATTRIBUTES = frozenset(
    {"boto3sqs", "boto3sqs over botocore", "javascript", "by hand", "by hand with id"}
)
_LIBRARIES_WRITE = frozenset({"boto3sqs", "boto3sqs over botocore", "javascript"})
_HAND = frozenset({"by hand", "by hand with id", "by hand with offset", "by hand with links"})
_READ_ATTRIBUTES = frozenset({"boto3sqs", "javascript", "lambda", "by hand", "by hand with links"})
_QUEUES = frozenset({"boto3sqs", "javascript", "by hand", "by hand with links"})
_FUNCTIONS = frozenset({"function", "python function"})


@dataclass(frozen=True, slots=True)
class Break:
    """`sends` and `receives` name styles of tests/generated/topology.py, None: any.
    `weight`: how often, beside the others of the system."""

    code: str
    system: str
    sends: _Styles | None = None
    receives: _Styles | None = None
    weight: int = 1
    sibling: float = 0.0
    """The share of pipelines in which another consumer of the same messages is healthy."""
    queue: bool = False
    """EventBridge: the consumer reads a queue that the bus delivers to."""
    after: str | None = None
    """The producer is itself a consumer of this style, on the same system."""


BREAKS = (
    Break("S1", "sqs", _WRITE_ATTRIBUTES, _HAND | {"botocore", "otelaws"}, weight=5),
    Break("S2", "sqs", frozenset({"botocore", "otelaws"}), _READ_ATTRIBUTES - {"lambda"}, 3),
    Break("S2", "sqs", _HAND, _READ_ATTRIBUTES - {"lambda"}),
    Break("S3", "sqs", _LIBRARIES_WRITE | _HAND, _READ_ATTRIBUTES, weight=2),
    Break("S3", "sns", frozenset({"botocore", "javascript"}), _QUEUES),
    Break("S4", "sqs", _HAND, _READ_ATTRIBUTES, after="by hand"),
    Break("S4", "sqs", _HAND, _READ_ATTRIBUTES, after="boto3sqs"),
    Break("S5", "sqs", frozenset({"boto3sqs", "javascript"}), frozenset({"lambda javascript"}), 2),
    Break("S5", "sqs", frozenset({"boto3sqs", "javascript"}), frozenset({"lambda java", "java"})),
    Break("S5", "sqs", frozenset({"java", "botocore"}), frozenset({"lambda"})),
    Break("S6", "sqs", _WRITE_ATTRIBUTES, frozenset({"lambda 0.65"})),
    Break("S7", "sqs", _WRITE_ATTRIBUTES, frozenset({"lambda by hand"})),
    Break("S9", "sns", None, _QUEUES, weight=4),
    Break("S11", "sqs", _WRITE_ATTRIBUTES, _HAND),
    Break("S12", "sqs", _WRITE_ATTRIBUTES, _QUEUES - {"javascript"}),
    Break("X1", "sqs", frozenset({"boto3sqs over botocore"}), frozenset({"java", "by hand"})),
    Break("X1", "eventbridge", _HAND, frozenset({"by hand", "function"})),
    Break("X2", "sqs", frozenset({"java"}), frozenset({"java"})),
    Break("X2", "eventbridge", _HAND, _FUNCTIONS | {"by hand"}, weight=2),
    Break("X4", "sqs", frozenset({"boto3sqs"}), frozenset({"lambda javascript", "lambda java"})),
    Break("E1", "eventbridge", None, _FUNCTIONS | _HAND, weight=4),
    Break("E1", "eventbridge", None, _QUEUES, queue=True),
    Break("E2", "eventbridge", _HAND, _FUNCTIONS | _HAND, weight=2, sibling=0.8),
    Break("E3", "eventbridge", _HAND, _QUEUES, sibling=0.8, queue=True),
    Break("E4", "eventbridge", _HAND, _FUNCTIONS | _HAND),
    Break("K1", "kafka", _HAND | {"java"}, None, weight=4, sibling=0.3),
    Break("K2", "kafka", _HAND | {"java", "confluent"}, None, weight=2, sibling=0.2),
    Break("K3", "kafka", None, _HAND, weight=3, sibling=0.7),
    Break("K4", "kafka", None, frozenset({"kafka-python", "aiokafka"}), weight=2),
    Break("K4", "sqs", _LIBRARIES_WRITE, frozenset({"javascript"})),
    Break("K5", "kafka", frozenset({"streams"}), None, after="streams"),
    Break("K6", "kafka", None, None, sibling=0.5),
    Break("K7", "kafka", None, None),
    Break("K8", "kafka", frozenset({"sarama"}), None),
    Break("K9", "kafka", None, _HAND | {"java", "kafkajs"}),
    Break("R1", "rabbitmq", None, None, weight=4),
    *(Break("P1", each) for each in ("sqs", "kafka", "rabbitmq", "sns")),
    *(Break("P2", each) for each in ("sqs", "kafka", "rabbitmq", "celery")),
    *(Break("P3", each, weight=2) for each in ("sqs", "kafka", "rabbitmq", "sns")),
    *(Break("P4", each) for each in ("sqs", "kafka", "rabbitmq")),
    Break("P5", "sqs", _WRITE_ATTRIBUTES, _READ_ATTRIBUTES),
    Break("P5", "kafka"),
    Break("P5", "rabbitmq"),
    Break("P6", "sqs", _LIBRARIES_WRITE | {"by hand with id"}, _READ_ATTRIBUTES),
    Break("P6", "kafka", frozenset({"confluent", "aiokafka", "java", "kafkajs"})),
    Break("P6", "rabbitmq"),
    Break("P8", "sqs", _WRITE_ATTRIBUTES, _HAND),
    Break("P8", "kafka", _HAND | {"java"}, _HAND),
    Break("T1", "celery", weight=4),
)
CODES = tuple(sorted({each.code for each in BREAKS}))

# What each does. To what the producer's side writes and exports, …
NEVER_WRITTEN = {"S2", "S4", "K1", "K9", "E1"}
SOMETIMES_WRITTEN = {"S3", "K2"}
UNINSTRUMENTED = {"P3", "P4", "T1"}
DETACHED = {"P6", "K8", "K5"}
PRODUCERS = (NEVER_WRITTEN - {"K9"}) | SOMETIMES_WRITTEN | UNINSTRUMENTED | DETACHED
PRODUCERS |= {"P1", "P2", "P5", "K7"}
# … to what the consumer's side reads, …
NEVER_READ = {"S1", "S6", "S7", "S9", "S11", "E2", "E3", "K3", "K6", "P8", "R1"}
REPLACED = {"X1", "X4"}
# … and those without a producer's span, or with one whose order nobody can know.
HIDING = UNINSTRUMENTED | {"P1", "P2", "K7"}
