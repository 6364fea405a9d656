"""What a span does with a message: send, receive, process or settle.

From operation, method and name, then kind; never from kind alone when something
else speaks (Python botocore, Go otelaws, .NET and Azure send with kind CLIENT,
`receive` changed its kind in semconv 1.28).
"""

import polars as pl

INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = 1, 2, 3, 4, 5
ROLE = pl.Enum(["send", "receive", "process", "settle"])
AWS_API_SCOPES = r"botocore|otelaws|aws-sdk|AWSSDK"

_OPERATIONS = {
    "publish": "send",
    "send": "send",
    "produce": "send",
    "create": "send",
    "enqueue": "send",
    "schedule": "send",
    "sendmessage": "send",
    "sendmessagebatch": "send",
    "publishbatch": "send",
    "publish_input": "send",
    "publish_batch_input": "send",
    "putevents": "send",
    "putrecord": "send",
    "putrecords": "send",
    "receive": "receive",
    "poll": "receive",
    "subscribe": "receive",
    "peek": "receive",
    "fetch": "receive",
    "dispatch": "receive",
    "receivemessage": "receive",
    "getrecords": "receive",
    "process": "process",
    "deliver": "process",
    "consume": "process",
    "handle": "process",
    "settle": "settle",
    "ack": "settle",
    "nack": "settle",
    "reject": "settle",
    "delete": "settle",
    "commit": "settle",
    "complete": "settle",
    "abandon": "settle",
    "defer": "settle",
    "renew_lock": "settle",
    "renew_message_lock": "settle",
    "acknowledge": "settle",
    "negative_acknowledge": "settle",
    "nak": "settle",
    "term": "settle",
    "modack": "settle",
    "dead_letter": "settle",
    "deletemessage": "settle",
    "deletemessagebatch": "settle",
    "changemessagevisibility": "settle",
    "changemessagevisibilitybatch": "settle",
}

_CREATING = r"^create \S|\S create$"
_VERBS = "send|publish|produce|create|process|receive|poll|consume|settle|ack|nack|commit|delete"
_NAMES = [
    rf"^({_VERBS}) \S",  # "process orders": semconv 1.27 and later
    r"\S (send|publish|create|process|receive|deliver|subscribe|ack|modack|nack)$",
    r"^(?:SQS|SNS|EventBridge|Kinesis)\.(\w+)$",
    r"^kafka\.(produce|consume)$",
    r"^basic\.(ack|nack|reject)$",  # AMQP's methods, as the Java agent names calls
    r"[._/-](send|publish|produce|process|receive|consume|handle)$",  # "order.publish"
    r"(?i)^(publish|send|handle|consume|process)(?:[ _A-Z]|$)",
]


def _word(text: pl.Expr) -> pl.Expr:
    """The role that an operation word names."""
    return text.str.strip_chars().str.to_lowercase().replace_strict(_OPERATIONS, default=None)


def assign_roles(frame: pl.DataFrame) -> pl.DataFrame:
    """Add `role`: "send", "receive", "process", "settle" or null."""
    kind, name, scope = pl.col("kind"), pl.col("name"), pl.col("scope_name")
    # Hand-written spans name a destination or a message, often no system.
    said_so = pl.any_horizontal(
        "identified",
        *(
            pl.col(c).is_not_null()
            for c in ("system", "destination_name", "operation_type", "operation_name")
        ),
    )
    messaging = pl.col("marked") & (said_so | kind.is_in([PRODUCER, CONSUMER]))
    # To subscribe is no delivery: "basic.consume" is the call, not a message.
    subscribes = (kind == CLIENT) & (name == "basic.consume")
    by_name = pl.when(~subscribes).then(
        pl.coalesce([_word(name.str.extract(pattern)) for pattern in _NAMES])
    )
    celery = pl.coalesce(
        pl.when(name.str.starts_with("apply_async/")).then(pl.lit("send")),
        pl.when(name.str.starts_with("run/")).then(pl.lit("process")),
    )
    by_kind = (
        pl.when(kind == PRODUCER)
        .then(pl.lit("send"))
        .when(kind == CONSUMER)
        .then(pl.when(name == "recv").then(pl.lit("receive")).otherwise(pl.lit("process")))
    )
    said = pl.coalesce(
        celery,
        _word(pl.col("operation_type")),
        _word(pl.col("operation_name")),
        _word(pl.col("rpc_method").str.extract(r"(\w+)$")),
        by_name,
        pl.when(name.str.contains(r"(?i)^on[_ ]?(?:message|event|job|task)\b")).then(
            pl.lit("process")
        ),
        by_kind,
    )
    # A kind that contradicts the word wins: a CONSUMER "... create" is a delivery.
    role = (
        pl.when((kind == CONSUMER) & (said == "send"))
        .then(pl.lit("process"))
        .when((kind == PRODUCER) & said.is_in(["receive", "process"]))
        .then(pl.lit("send"))
        .otherwise(said)
    )
    # "receive" calls of the AWS API never can link to a producer
    api_call = (kind == CLIENT) & scope.str.contains(AWS_API_SCOPES)
    # a message is made here, and sent by a call of its own
    operation = pl.coalesce("operation_type", "operation_name").str.to_lowercase()
    creating = pl.coalesce(operation == "create", name.str.contains(_CREATING))
    return frame.with_columns(
        pl.when(messaging).then(role).alias("role"),
        creating.fill_null(value=False).alias("creating"),
    ).with_columns(
        (api_call & (pl.col("role") == "receive")).fill_null(value=False).alias("api_receive")
    )
