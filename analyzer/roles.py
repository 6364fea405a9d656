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
    "emit": "send",
    "push": "send",
    "notify": "send",
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
    "pull": "receive",
    "dequeue": "receive",
    "listen": "receive",
    "dispatch": "receive",
    "receivemessage": "receive",
    "getrecords": "receive",
    "process": "process",
    "deliver": "process",
    "consume": "process",
    "handle": "process",
    "execute": "process",
    "perform": "process",
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
# What applications call their own spans: "enqueue_job", "order.emit", "kafka consume".
_OWN = "send|publish|produce|emit|enqueue|push|receive|poll|pull|consume|process|handle|execute"
_NAMES = [
    rf"^({_VERBS}) \S",  # "process orders": semconv 1.27 and later
    r"\S (send|publish|create|process|receive|deliver|subscribe|ack|modack|nack)$",
    r"^(?:SQS|SNS|EventBridge|Kinesis)\.(\w+)$",
    r"^kafka\.(produce|consume)$",
    r"^basic\.(ack|nack|reject)$",  # AMQP's methods, as the Java agent names calls
    rf"(?i)[ ._/-]({_OWN})(?:ed|d)?$",  # "order.publish"
    rf"(?i)^({_OWN}|notify|listen)(?:ing)?(?:[ _A-Z]|$)",
]
# The same where the word is no verb of its own.
_PHRASES = {
    r"(?i)^(?:dispatch|put)[ _]?(?:event|record|message)s?(?:[^a-z]|$)": "send",
    r"(?i)^(?:on[ _]?|run[ _])(?:message|event|job|task)(?:[^a-z]|$)": "process",
}
# The name of a worker; that of a function says what it is for, not what it does.
_WORKERS = r"(?i)[ ._/-](?:consumer|handler|processor|listener|subscriber)$"


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
        *(
            pl.when(name.str.contains(phrase)).then(pl.lit(role))
            for phrase, role in _PHRASES.items()
        ),
        by_kind,
        pl.when((kind == INTERNAL) & name.str.contains(_WORKERS)).then(pl.lit("process")),
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
