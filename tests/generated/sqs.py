"""Amazon SQS: message attributes carry the context, the message id is on most spans."""

from tests.generated.functions import QUEUE_FUNCTIONS
from tests.generated.styles import MIDDLE, NEW, OLD, W3C, XRAY, ReceiveStyle, SendStyle, Told

_BOTO3SQS = ("opentelemetry.instrumentation.boto3sqs", "0.66b1")
_BOTOCORE = ("opentelemetry.instrumentation.botocore.sqs", "0.66b1")
_JS = ("@opentelemetry/instrumentation-aws-sdk", "0.78.0")
_JAVA = ("io.opentelemetry.aws-sdk-2.2", "2.31.0")
_OTELAWS = (
    "go.opentelemetry.io/contrib/instrumentation/github.com/aws/aws-sdk-go-v2/otelaws",
    "0.70.0",
)
_HAND = ("shop", "1")

_CALL = {"system": "aws.sqs", "service": "SQS"}
_GO = {"system": "aws_sqs", "service": "SQS"}

SENDS = {
    "boto3sqs": SendStyle(
        "python",
        _BOTO3SQS,
        MIDDLE,
        Told("{} send", "PRODUCER", ("destination", "id"), {"system": "aws.sqs"}),
    ),
    "boto3sqs over botocore": SendStyle(
        "python",
        _BOTO3SQS,
        MIDDLE,
        Told("{} send", "PRODUCER", ("destination", "id"), {"system": "aws.sqs"}),
        call=Told(
            "SQS.SendMessage", "CLIENT", ("destination", "id"), {**_CALL, "method": "SendMessage"}
        ),
        carriers=W3C | XRAY,
    ),
    "botocore": SendStyle(
        "python",
        _BOTOCORE,
        OLD,
        Told(
            "SQS.SendMessage", "CLIENT", ("destination", "id"), {**_CALL, "method": "SendMessage"}
        ),
        carriers=XRAY,
    ),
    # its traceparent is a header of the HTTP request, which SQS ignores
    "otelaws": SendStyle(
        "go",
        _OTELAWS,
        MIDDLE,
        Told("SQS.SendMessage", "CLIENT", ("address",), {**_GO, "method": "SendMessage"}),
        carriers=frozenset(),
    ),
    "javascript": SendStyle(
        "nodejs",
        _JS,
        NEW,
        Told(
            "{} send",
            "PRODUCER",
            ("destination", "id"),
            {"system": "aws_sqs", "method": "SendMessage"},
        ),
    ),
    "java": SendStyle(
        "java",
        _JAVA,
        MIDDLE,
        Told(
            "{} publish",
            "PRODUCER",
            ("destination", "id"),
            {"system": "aws_sqs", "operation": "publish"},
        ),
        carriers=XRAY,
    ),
    "by hand": SendStyle(
        "python",
        _HAND,
        OLD,
        Told("{domain}.publish", "INTERNAL", ("destination_url", "order"), {"system": "aws_sqs"}),
    ),
    "by hand with id": SendStyle(
        "python",
        _HAND,
        OLD,
        Told("{domain}.publish", "PRODUCER", ("destination", "id", "order"), {"system": "aws_sqs"}),
    ),
}

RECEIVES = {
    "boto3sqs": ReceiveStyle(
        "python",
        _BOTO3SQS,
        MIDDLE,
        "receive over process",
        Told(
            "{} process",
            "CONSUMER",
            ("destination", "id"),
            {"system": "aws.sqs", "operation": "process"},
        ),
        Told(
            "{} receive",
            "CONSUMER",
            ("destination",),
            {"system": "aws.sqs", "operation": "receive"},
        ),
        batches=True,
        settles=Told("SQS.DeleteMessage", "CLIENT", (), {**_CALL, "method": "DeleteMessage"}),
    ),
    "botocore": ReceiveStyle(
        "python",
        _BOTOCORE,
        OLD,
        "call",
        Told("handle order", "INTERNAL", ("order",)),
        Told(
            "SQS.ReceiveMessage",
            "CLIENT",
            ("destination", "id"),
            {**_CALL, "method": "ReceiveMessage"},
        ),
        carriers=frozenset(),
    ),
    "javascript": ReceiveStyle(
        "nodejs",
        _JS,
        NEW,
        "closed receive with links",
        Told("handle order", "INTERNAL", ("order",)),
        Told(
            "{} receive",
            "CONSUMER",
            ("destination", "count"),
            {"system": "aws_sqs", "operation": "receive"},
        ),
        batches=True,
        link_facts=("id",),
        settles=Told("SQS.DeleteMessage", "CLIENT", (), {**_CALL, "method": "DeleteMessage"}),
    ),
    "java": ReceiveStyle(
        "java",
        _JAVA,
        MIDDLE,
        "child",
        Told(
            "{} process",
            "CONSUMER",
            ("destination", "id"),
            {"system": "aws_sqs", "operation": "process"},
        ),
        carriers=XRAY,
    ),
    "otelaws": ReceiveStyle(
        "go",
        _OTELAWS,
        MIDDLE,
        "call",
        Told("handle order", "INTERNAL", ("order",)),
        Told("SQS.ReceiveMessage", "CLIENT", ("address",), {**_GO, "method": "ReceiveMessage"}),
        carriers=frozenset(),
    ),
    "by hand": ReceiveStyle(
        "python",
        _HAND,
        OLD,
        "child",
        Told("{domain}.process", "CONSUMER", ("destination", "id", "order"), {"system": "aws_sqs"}),
    ),
    "by hand with links": ReceiveStyle(
        "python",
        _HAND,
        NEW,
        "link",
        Told(
            "{domain}.process",
            "CONSUMER",
            ("destination", "id", "order", "attempt"),
            {"system": "aws_sqs", "operation": "process"},
        ),
    ),
    **QUEUE_FUNCTIONS,
}
