"""What a process and all that it started use, from /proc (proc(5)): Linux only."""

import os
import time
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def list_tree(pid: int) -> list[int]:
    """The process and its living descendants; empty when it has ended."""
    if not Path(f"/proc/{pid}").exists():
        return []
    found = [pid]
    for task in _entries(Path(f"/proc/{pid}/task")):
        for child in _read(task / "children").split():
            found += list_tree(int(child))
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of the tree, ended children included."""
    # utime, stime, cutime, cstime: fields 14 to 17
    return sum(sum(map(int, _fields(f"/proc/{p}/stat")[11:15])) for p in list_tree(pid)) / _TICKS


def cpu_clock(pid: int) -> float:
    """User and system seconds of one process and its ended threads, to the nanosecond."""
    # clock_getcpuclockid(3), which Python has for threads only: ~pid << 3 | CPUCLOCK_SCHED
    return time.clock_gettime((~pid << 3) | 2)


def resident_bytes(pid: int) -> int:
    """Physical memory of the tree; what processes share counts for each."""
    return (
        sum(int((_read(Path(f"/proc/{p}/statm")).split() or "00")[1]) for p in list_tree(pid))
        * _PAGE
    )


def thread_seconds(pid: int) -> dict[str, float]:
    """CPU seconds of the living threads of one process, by the name they have."""
    found: dict[str, float] = {}
    for task in _entries(Path(f"/proc/{pid}/task")):
        name = _read(task / "comm").strip()
        used = sum(map(int, _fields(str(task / "stat"))[11:13])) / _TICKS
        found[name] = found.get(name, 0.0) + used
    return found


def disk_bytes(directory: Path) -> int:
    """Bytes of all files below a directory."""
    total = 0
    for path in directory.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # it is being written to
            continue
    return total


def _fields(path: str) -> list[str]:
    """Of a stat file from the third on: the second, a name, may hold spaces."""
    return _read(Path(path)).rpartition(")")[2].split()


def _entries(directory: Path) -> list[Path]:
    try:
        return list(directory.iterdir())
    except FileNotFoundError:
        return []


def _read(path: Path) -> str:
    """The text, or none when the process has ended meanwhile."""
    try:
        return path.read_text("utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""
