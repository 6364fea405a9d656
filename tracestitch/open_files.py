"""What files the process may have open, and who may read those it makes."""

import os
import resource
from contextlib import suppress

# More than all listeners and the store take together.
_ENOUGH = 10_240


def raise_file_limit() -> None:
    """Lifts the soft limit (often 1,024) towards the hard one: connections that somebody
    opens and leaves idle must not cost the store its files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(_ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # then it stays as it is
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def keep_files_private() -> None:
    """What is made from now on is its owner's alone: spans are nobody else's business."""
    os.umask(0o077)
