"""What is wrong with a file, and where."""


class UnreadableContent(Exception):
    """`position` such as "byte 120" or "line 3", `problem` without a full stop."""

    def __init__(self, position: str, problem: str) -> None:
        super().__init__(f"{position}: {problem}")
        self.position, self.problem = position, problem
