"""AWS Lambda behind a queue: what the instrumentations of three languages, one broken version
and an extractor written by hand record of an invocation."""

from tests.generated.styles import MIDDLE, NEW, XRAY, ReceiveStyle, Told

_PYTHON = "opentelemetry.instrumentation.aws_lambda"
_JAVASCRIPT = ("@opentelemetry/instrumentation-aws-lambda", "0.75.0")
_JAVA = ("io.opentelemetry.aws-lambda-events-2.2", "2.31.0")
_SQS = {"system": "aws_sqs", "operation": "process"}

_INVOCATION = Told("orders-fn", "SERVER", ("invocation",), {"trigger": "pubsub"})
_PROCESS = Told("process {}", "CONSUMER", ("destination",), _SQS)

QUEUE_FUNCTIONS = {
    "lambda": ReceiveStyle(
        "python",
        (_PYTHON, "0.66b1"),
        NEW,
        "lambda",
        _PROCESS,
        _INVOCATION,
        batches=True,
        link_facts=("id",),
    ),
    "lambda 0.65": ReceiveStyle(
        "python",
        (_PYTHON, "0.65b0"),
        NEW,
        "lambda",
        _PROCESS,
        _INVOCATION,
        batches=True,
        carriers=frozenset(),
    ),
    "lambda javascript": ReceiveStyle(
        "nodejs",
        _JAVASCRIPT,
        NEW,
        "lambda",
        _PROCESS,
        _INVOCATION,
        batches=True,
        link_facts=("id",),
        carriers=XRAY,
    ),
    "lambda java": ReceiveStyle(
        "java",
        _JAVA,
        MIDDLE,
        "lambda",
        Told("{} process", "CONSUMER", ("destination",), _SQS),
        _INVOCATION,
        batches=True,
        carriers=XRAY,
    ),
    "lambda by hand": ReceiveStyle(
        "python",
        (_PYTHON, "0.64b0"),
        NEW,
        "child",
        Told("orders-fn", "SERVER", ("invocation", "destination"), {"trigger": "pubsub"}),
    ),
}
