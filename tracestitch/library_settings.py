"""What libraries are told through the environment, before they are imported. Whoever runs a
server may have told them something else."""

import os


def share_cores() -> None:
    """To be called before Polars is imported: the analysis leaves half of the cores to what
    comes in. On two cores its second thread costs more than it gains."""
    threads = max(1, (os.cpu_count() or 1) // 2)
    os.environ.setdefault("POLARS_MAX_THREADS", str(threads))


def share_memory() -> None:
    """After `share_cores`, and before Polars or Arrow is imported: what one frame leaves the
    next one takes, since the kernel clears each page it gives anew, and after a second the
    system has it back; large tables of Arrow are given back at once."""
    arenas = os.environ["POLARS_MAX_THREADS"]
    os.environ.setdefault("_RJEM_MALLOC_CONF", f"narenas:{arenas},dirty_decay_ms:1000")
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")


def silence_grpc() -> None:
    """To be called before gRPC is imported: its own log, on the standard error, has a
    line for every connection that is no TLS, and no bound."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
