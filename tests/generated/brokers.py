"""RabbitMQ and Celery: child spans; ids only where the application or library sets them."""

from tests.generated.styles import MIDDLE, NEW, OLD, ReceiveStyle, SendStyle, Told

_PIKA = ("opentelemetry.instrumentation.pika.pika_instrumentor", "0.66b1")
_AMQPLIB = ("@opentelemetry/instrumentation-amqplib", "0.70.0")
_JAVA = ("io.opentelemetry.rabbitmq-2.7", "2.31.0")
_CELERY = ("opentelemetry.instrumentation.celery", "0.66b1")
_RABBIT = {"system": "rabbitmq"}

EXCHANGE_SENDS = {
    "pika": SendStyle(
        "python", _PIKA, OLD, Told("{} send", "PRODUCER", ("destination", "id"), _RABBIT)
    ),
    "amqplib": SendStyle(
        "nodejs",
        _AMQPLIB,
        OLD,
        Told("publish {}", "PRODUCER", ("destination", "id", "routing_key"), _RABBIT),
    ),
    "java": SendStyle(
        "java",
        _JAVA,
        MIDDLE,
        Told(
            "{} publish",
            "PRODUCER",
            ("destination", "routing_key"),
            {**_RABBIT, "operation": "publish"},
        ),
    ),
}
EXCHANGE_RECEIVES = {
    "pika": ReceiveStyle(
        "python",
        _PIKA,
        OLD,
        "child",
        Told("{} receive", "CONSUMER", ("destination", "id"), {**_RABBIT, "operation": "receive"}),
    ),
    "amqplib": ReceiveStyle(
        "nodejs",
        _AMQPLIB,
        OLD,
        "child",
        Told(
            "shop-queue process",
            "CONSUMER",
            ("destination", "id", "routing_key"),
            {**_RABBIT, "operation": "process"},
        ),
    ),
    "java": ReceiveStyle(
        "java",
        _JAVA,
        NEW,
        "child",
        Told(
            "{} process",
            "CONSUMER",
            ("destination", "routing_key"),
            {**_RABBIT, "operation": "process"},
        ),
    ),
}

TASK_SENDS = {
    "celery": SendStyle(
        "python",
        _CELERY,
        OLD,
        Told("apply_async/orders.ship", "PRODUCER", ("task", "celery_id", "destination")),
    ),
}
TASK_RECEIVES = {
    "celery": ReceiveStyle(
        "python",
        _CELERY,
        OLD,
        "child",
        Told("run/orders.ship", "CONSUMER", ("task", "celery_id", "destination")),
    ),
    "celery with links": ReceiveStyle(
        "python",
        _CELERY,
        OLD,
        "link",
        Told("run/orders.ship", "CONSUMER", ("task", "celery_id", "destination")),
    ),
}
