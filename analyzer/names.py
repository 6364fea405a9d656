"""Normalisation: many spellings in, one word out.

Typed columns hold what was sent. Here it gets its meaning: the broker system,
the destination with its scope, the Kafka position, ids that can be trusted.
Sources: OpenTelemetry messaging semantic conventions v1.5 to v1.44 and the
instrumentations listed in docs/messaging-attributes.md.
"""

import polars as pl

from analyzer.retry_topics import DEAD_LETTER
from storage.cheap_rows import is_given, with_series

# `messaging.system`, lower case without separators -> canonical (semconv registry)
SYSTEMS = {
    "awssqs": "aws_sqs",
    "amazonsqs": "aws_sqs",
    "sqs": "aws_sqs",
    "awssns": "aws_sns",
    "amazonsns": "aws_sns",
    "sns": "aws_sns",
    "awseventbridge": "aws_eventbridge",
    "amazoneventbridge": "aws_eventbridge",
    "eventbridge": "aws_eventbridge",
    "awsevents": "aws_eventbridge",
    "cloudwatchevents": "aws_eventbridge",
    "awskinesis": "aws_kinesis",
    "kinesis": "aws_kinesis",
    "kafka": "kafka",
    "apachekafka": "kafka",
    "awsmsk": "kafka",
    "rabbitmq": "rabbitmq",
    "amqp": "rabbitmq",
    "servicebus": "servicebus",
    "azureservicebus": "servicebus",
    "microsoftservicebus": "servicebus",
    "eventhubs": "eventhubs",
    "azureeventhubs": "eventhubs",
    "microsofteventhub": "eventhubs",
    "microsofteventhubs": "eventhubs",
    "eventgrid": "eventgrid",
    "azureeventgrid": "eventgrid",
    "gcppubsub": "gcp_pubsub",
    "pubsub": "gcp_pubsub",
    "googlepubsub": "gcp_pubsub",
    "googlecloudpubsub": "gcp_pubsub",
    "celery": "celery",
    "nats": "nats",
    "natsjetstream": "nats",
    "jetstream": "nats",
    "pulsar": "pulsar",
    "apachepulsar": "pulsar",
    "rocketmq": "rocketmq",
    "apacherocketmq": "rocketmq",
    "activemq": "activemq",
    "apacheactivemq": "activemq",
    "artemis": "activemq",
    "activemqartemis": "activemq",
    "apacheactivemqartemis": "activemq",
    "redisstreams": "redis",
}

# instrumentation scope -> system, where the span itself does not say
_SCOPE_SYSTEMS = {
    r"boto3sqs|botocore\.sqs|aws-sdk.*sqs": "aws_sqs",
    r"botocore\.sns": "aws_sns",
    r"kafka|sarama|kotel": "kafka",
    r"celery": "celery",
    r"taskiq": "taskiq",
    r"pika|aio_pika|amqplib|rabbitmq": "rabbitmq",
}

_NOTHING = ["", "unknown", "(temporary)", "(anonymous)", "aws:sqs", "aws:sns"]

# https://sqs.eu-west-1.amazonaws.com/123456789012/orders, also behind other hosts
_QUEUE_URL = r"^https?://([^/]+)/(\d{12})/([^/?#]+)$"
_ARN = r"^arn:[^:]*:[^:]*:([^:]*):([^:]*):(?:[^:]*[:/])?([^:/]+)$"
# projects/shop/topics/orders, as Google's API names topics and subscriptions
_RESOURCE = r"^projects/([^/]+)/(?:topics|subscriptions)/([^/]+)$"
# orders/Subscriptions/billing, the entity path of a subscription of Azure Service Bus
_ENTITY = r"^(.+?)/(?i:subscriptions)/([^/]+)(/\$.+)?$"
# persistent://public/default/orders-partition-3: short names stand for those of this tenant
# and namespace, and the partitions of a topic are topics of their own
_PULSAR_TOPIC = r"^(?:(?:non-)?persistent://)?(?:public/default/)?(.+?)(?:-partition-\d+)?$"
_BARE_OFFSET = r"^-?\d+$"
_KAFKA_ID = r"^(.+)\.(\d+)\.(\d+)$"
# messaging verbs before (semconv 1.27 and later) or after (earlier) the destination
_VERB_FIRST = r"^(?:send|publish|create|process|receive|poll|consume) (\S.*)$"
_VERB_LAST = r"^(.+) (?:send|publish|create|process|receive|deliver|subscribe)$"


def _compact(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().str.replace_all(r"[._\s-]", "")


def _system() -> pl.Expr:
    said = pl.col("system").str.strip_chars()
    canonical = _compact(said).replace_strict(SYSTEMS, default=said.str.to_lowercase())
    service = _compact(pl.col("rpc_service")).replace_strict(SYSTEMS, default=None)
    method = _compact(pl.col("rpc_method").str.extract(r"^(\w+)/")).replace_strict(
        SYSTEMS, default=None
    )
    # "SQS.SendMessage", as botocore, Go and Java name AWS calls
    call = _compact(
        pl.col("name").str.extract(r"^(SQS|SNS|EventBridge|Kinesis)\.\w+$")
    ).replace_strict(SYSTEMS, default=None)
    signs = [
        pl.when(pl.any_horizontal(columns)).then(pl.lit(system))
        for columns, system in (
            (["recorded", *_given("kafka_cluster", "kafka_tombstone")], "kafka"),
            (_given("celery_task", "celery_state"), "celery"),
            (_given("event_bus", "event_detail_type", "event_rule"), "aws_eventbridge"),
            (_given("topic_arn"), "aws_sns"),
        )
    ]
    queue = pl.when(pl.col("queue_url").str.contains(_QUEUE_URL)).then(pl.lit("aws_sqs"))
    scopes = [
        pl.when(pl.col("scope_name").str.contains(pattern) & pl.col("marked")).then(pl.lit(system))
        for pattern, system in _SCOPE_SYSTEMS.items()
    ]
    given = pl.when(said != "").then(canonical)
    return pl.coalesce([given, service, method, call, *signs, queue, *scopes])


def _given(*columns: str) -> list[pl.Expr]:
    return [pl.col(column).is_not_null() for column in columns]


def _clean(text: pl.Expr) -> pl.Expr:
    stripped = text.str.strip_chars()
    return pl.when(stripped.is_in(_NOTHING)).then(None).otherwise(stripped)


def _from_name() -> pl.Expr:
    """The destination that a messaging span's name spells."""
    name = pl.col("name")
    found = pl.coalesce(name.str.extract(_VERB_FIRST), name.str.extract(_VERB_LAST))
    return pl.when(pl.col("marked")).then(_clean(found))


def mark_messages(frame: pl.DataFrame) -> pl.DataFrame:
    """Clean the ids, and add what names and roles need to know of a message's own columns:
    `recorded` (it has a Kafka offset or key) and `identified` (it has a message id)."""
    texts = ("message_id", "event_id", "sequence_number")
    given = [name for name in texts if frame[name].null_count() < frame.height]
    if given:
        frame = with_series(
            frame, *frame.select(_clean(pl.col(name)).alias(name) for name in given)
        )
    return with_series(
        frame,
        recorded=is_given(frame["kafka_offset"]) | is_given(frame["kafka_key"]),
        identified=is_given(frame["message_id"]),
    )


def name_shapes(frame: pl.DataFrame) -> pl.DataFrame:
    """Replace the raw typed columns that a shape has by what they mean.

    `system` becomes canonical; `destination`, `scope` are added (scope is
    "region/account" or "account" for AWS, the cluster id for Kafka, the project for Google),
    `dead_letter`, and `routed` (a message of RabbitMQ is told of, not a call).
    """
    frame = frame.with_columns(_system().alias("system"))
    raw = pl.coalesce(
        _clean(pl.col("destination_name")),
        pl.when(pl.col("queue_url").str.contains(_QUEUE_URL)).then(pl.col("queue_url")),
        # Go otelaws puts the queue URL there
        pl.when(pl.col("server_address").str.contains(_QUEUE_URL)).then(pl.col("server_address")),
        _clean(pl.col("topic_arn")),
        pl.when(pl.col("system") == "aws_eventbridge").then(_clean(pl.col("event_bus"))),
        _from_name(),
    )
    azure = pl.when(pl.col("system").is_in(["servicebus", "eventhubs"])).then(raw)
    google = pl.when(pl.col("system") == "gcp_pubsub").then(raw)
    url = pl.coalesce(
        pl.when(raw.str.contains(_QUEUE_URL)).then(raw),
        pl.when(pl.col("queue_url").str.contains(_QUEUE_URL)).then(pl.col("queue_url")),
    )
    arn = pl.coalesce(pl.when(raw.str.starts_with("arn:")).then(raw), pl.col("topic_arn"))
    region = url.str.extract(r"^https?://(?:sqs\.)?([a-z]{2}(?:-[a-z]+)+-\d)\.")
    account = url.str.extract(_QUEUE_URL, 2)
    kafka = pl.col("system") == "kafka"
    return frame.with_columns(
        pl.coalesce(
            raw.str.extract(_QUEUE_URL, 3),
            raw.str.extract(_ARN, 3),
            google.str.extract(_RESOURCE, 2),
            azure.str.replace(_ENTITY, "$1$3"),
            pl.when(pl.col("system") == "pulsar").then(raw).str.extract(_PULSAR_TOPIC),
            raw,
        ).alias("destination"),
        pl.coalesce(
            pl.when(region.is_not_null()).then(pl.concat_str(region, pl.lit("/"), account)),
            account,
            pl.when(arn.str.contains(_ARN)).then(
                pl.concat_str(arn.str.extract(_ARN, 1), pl.lit("/"), arn.str.extract(_ARN, 2))
            ),
            pl.when(kafka).then(pl.col("kafka_cluster")),
            google.str.extract(_RESOURCE),
        ).alias("scope"),
        pl.when(kafka).then(_clean(pl.col("destination_name"))).alias("kafka_topic"),
        pl.coalesce(
            _clean(pl.col("consumer_group")),
            _clean(pl.col("subscription")),
            azure.str.extract(_ENTITY, 2),
        ).alias("consumer_group"),
        # an AMQP get that found nothing knows no routing key
        routed=(pl.col("system") == "rabbitmq") & pl.col("routing_key").is_not_null(),
    ).with_columns(
        pl.col("destination").str.contains(DEAD_LETTER).fill_null(value=False).alias("dead_letter")
    )


def read_messages(frame: pl.DataFrame) -> pl.DataFrame:
    """Replace a message's own columns by what they mean, its shape being named.

    `kafka_topic`, `kafka_partition`, `kafka_offset` hold the record's position also where
    only a message id "topic.partition.offset" was sent; `message_id` loses values that
    lie: Kafka positions and bare offsets are not unique ids.
    """
    kafka = frame["system"] == "kafka"
    if _name_positions(frame["message_id"].filter(kafka)):
        frame = _read_positions(frame)
    return with_series(
        frame, *(_assigned(frame[name], kafka) for name in ("kafka_partition", "kafka_offset"))
    )


def _assigned(numbers: pl.Series, kafka: pl.Series) -> pl.Series:
    """Those of Kafka that are any: -1 and -1001 mean "not assigned"."""
    if numbers.null_count() == len(numbers):
        return numbers
    nothing = pl.Series([None], dtype=numbers.dtype)
    return numbers.zip_with(kafka & (numbers >= 0), nothing).alias(numbers.name)


def _name_positions(message_ids: pl.Series) -> bool:
    """Whether any of these may be a position: most ids are UUIDs."""
    if message_ids.null_count() == len(message_ids):
        return False
    said = pl.col("message_id").str
    spelled = said.contains(".", literal=True) | said.contains(_BARE_OFFSET)
    return bool(message_ids.to_frame().select(spelled).to_series().any())


def _read_positions(frame: pl.DataFrame) -> pl.DataFrame:
    """Where the message id of a record says its position, that and not the id."""
    said = pl.when(pl.col("system") == "kafka").then(pl.col("message_id"))
    # The costly expression only where it can match.
    dotted = pl.when(said.str.contains(".", literal=True)).then(said)
    frame = frame.with_columns(
        dotted.str.extract_groups(_KAFKA_ID).alias("spelled"),
        # Go otelsarama up to 0.43 sends the offset as the message id
        pl.when(said.str.contains(_BARE_OFFSET)).then(said).alias("bare"),
    )
    topic, place, at = (pl.col("spelled").struct.field(group) for group in ("1", "2", "3"))
    honest = topic.is_null() & pl.col("bare").is_null()
    return frame.with_columns(
        pl.coalesce(topic, "kafka_topic").alias("kafka_topic"),
        pl.coalesce("kafka_partition", place.cast(pl.Int64, strict=False)),
        pl.coalesce(
            "kafka_offset", *(text.cast(pl.Int64, strict=False) for text in (at, pl.col("bare")))
        ),
        pl.when(honest).then("message_id").alias("message_id"),
    ).drop("spelled", "bare")
