"""What a request can get wrong. web/app.py turns these into 400 and 404."""


class ParameterError(ValueError):
    """A query parameter is unknown or its value is not allowed. The message is a
    sentence for the caller."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


class NotFoundError(LookupError):
    """Nothing in the store has this id. The message says what was looked for."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter
