"""What a thread that tries again every second waits for, told twice at most."""

import logging


class Complaint:
    """Belongs to one thread. What is over at the next try is a warning, what is not an error;
    after that it is said again only where it is another."""

    def __init__(self, log: logging.Logger, what: str) -> None:
        """`what` has to wait: the beginning of the sentence."""
        self._log, self._what = log, what
        self._told, self._times = "", 0

    def say(self, why: Exception) -> None:
        self._times = self._times + 1 if str(why) == self._told else 1
        self._told = str(why)
        if self._times <= 2:
            level = logging.WARNING if self._times == 1 else logging.ERROR
            self._log.log(level, "%s: %s", self._what, why)

    def end(self) -> None:
        """It waits no more."""
        self._told = ""
