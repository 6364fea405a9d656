"""`python -m benchmarks.named_threads serve …`: tracestitch whose threads have names that
the operating system shows, so that /proc tells what each stage uses.

Python before 3.14 names its threads only for itself.
"""

import sys
import threading
from pathlib import Path
from types import FrameType

from tracestitch.cli import main


def _name_thread(_frame: FrameType, _event: str, _argument: object) -> None:
    """Called once, at the first call inside a new thread."""
    sys.setprofile(None)
    comm = Path(f"/proc/self/task/{threading.get_native_id()}/comm")
    comm.write_text(threading.current_thread().name[:15], "utf-8")


if __name__ == "__main__":
    threading.setprofile(_name_thread)
    main()
