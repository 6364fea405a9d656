"""Amazon SNS and EventBridge: a queue's consumer or a Lambda function at the far end."""

from tests.generated.styles import MIDDLE, NEW, OLD, ReceiveStyle, SendStyle, Told

_SNS = ("opentelemetry.instrumentation.botocore.sns", "0.66b1")
_BOTOCORE = ("opentelemetry.instrumentation.botocore", "0.66b1")
_JS = ("@opentelemetry/instrumentation-aws-sdk", "0.78.0")
_LAMBDA = ("opentelemetry.instrumentation.aws_lambda", "0.66b1")
_HAND = ("shop", "1")

TOPIC_SENDS = {
    "botocore": SendStyle(
        "python",
        _SNS,
        MIDDLE,
        Told("{} send", "PRODUCER", ("topic_arn",), {"system": "aws.sns", "method": "Publish"}),
    ),
    "javascript": SendStyle(
        "nodejs",
        _JS,
        NEW,
        Told("{} send", "PRODUCER", ("topic_arn",), {"system": "aws.sns", "method": "Publish"}),
    ),
}

BUS_SENDS = {
    "by hand": SendStyle(
        "python",
        _HAND,
        OLD,
        Told("{domain}.publish", "INTERNAL", ("order",), {"system": "aws_eventbridge"}),
    ),
    "by hand with id": SendStyle(
        "python",
        _HAND,
        OLD,
        Told(
            "{domain}.publish",
            "PRODUCER",
            ("destination", "id", "order", "source", "detail_type"),
            {"system": "aws_eventbridge"},
        ),
    ),
    "botocore": SendStyle(
        "python",
        _BOTOCORE,
        OLD,
        Told(
            "EventBridge.PutEvents", "CLIENT", (), {"service": "EventBridge", "method": "PutEvents"}
        ),
        carriers=frozenset(),
    ),
}

BUS_RECEIVES = {
    "by hand": ReceiveStyle(
        "python",
        _HAND,
        OLD,
        "child",
        Told(
            "{domain}.process",
            "CONSUMER",
            ("id", "order"),
            {"system": "aws_eventbridge", "trigger": "pubsub"},
        ),
    ),
    "by hand with links": ReceiveStyle(
        "python",
        _HAND,
        NEW,
        "link",
        Told(
            "{domain}.process",
            "CONSUMER",
            ("id", "order", "source", "detail_type"),
            {"system": "aws_eventbridge", "trigger": "pubsub"},
        ),
    ),
    "function": ReceiveStyle(
        "nodejs",
        ("@opentelemetry/instrumentation-aws-lambda", "0.75.0"),
        NEW,
        "child",
        Told("stock-fn", "SERVER", ("invocation",), {"trigger": "pubsub"}),
    ),
    "python function": ReceiveStyle(
        "python", _LAMBDA, NEW, "child", Told("stock-fn", "SERVER", ("invocation",))
    ),
}
