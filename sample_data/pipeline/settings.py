"""What a service process is told when it starts, as one argument.

Arguments and not environment variables: a service must not pick up the AWS_* or proxy
settings of whoever runs the pipeline.
"""

import json
from dataclasses import asdict, dataclass

ORDERS_QUEUE = "orders"
DEAD_LETTER_QUEUE = "orders-dlq"
PAYMENTS_TOPIC = "payments"
STOCK_BUS = "stock"
STOCK_SOURCE = "inventory"
STOCK_DETAIL_TYPE = "StockReserved"
SHIPMENTS_QUEUE = "shipments"
MAX_RECEIVE_COUNT = 3


@dataclass(frozen=True, slots=True)
class Settings:
    otlp_endpoint: str
    """host:port of an OTLP gRPC receiver, plain text."""
    aws_url: str
    """Base URL of the SQS and EventBridge API."""
    kafka_servers: str
    namespace: str = "shop"
    environment: str = "demo"

    def to_argument(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_argument(cls, text: str) -> "Settings":
        return cls(**json.loads(text))
