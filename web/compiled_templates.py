"""Templates as code, kept beside this package's modules that Python has compiled: making it
takes half a second of CPU, reading it a hundredth of that.

It is trusted as they are: who may write there may change the package itself. Where Python keeps
no compiled modules, or may not write them, none is kept.
"""

import hashlib
import marshal
import os
import sys
import threading
from contextlib import suppress
from importlib.util import MAGIC_NUMBER
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket, BytecodeCache

_DIGEST_BYTES = hashlib.sha256().digest_size


class CompiledTemplates(BytecodeCache):
    """A file for each template, valid for its text, the versions of Jinja and Python, and the
    environment's settings, while nothing damages it."""

    def __init__(self, directory: Path, settings: bytes) -> None:
        """`settings` is anything that changes with how the environment compiles."""
        self._directory = directory
        version = f"{jinja2.__version__} {sys.implementation.cache_tag}".encode()
        self._origin = hashlib.sha256(b"\0".join((MAGIC_NUMBER, version, settings)))

    def load_bytecode(self, bucket: Bucket) -> None:
        head = self._head(bucket)
        with suppress(OSError):  # then it is made anew
            kept = self._file(bucket).read_bytes()
            code = kept[len(head) + _DIGEST_BYTES :]
            if kept == head + _digest(code) + code:
                bucket.code = marshal.loads(code)  # noqa: S302 - trusted as any module

    def dump_bytecode(self, bucket: Bucket) -> None:
        if sys.dont_write_bytecode:
            return
        file = self._file(bucket)
        written = file.with_name(f"{file.name}.{os.getpid()}.{threading.get_ident()}")
        with suppress(OSError):
            try:
                code = marshal.dumps(bucket.code)
                # In one piece, for another process may read or write it now.
                with open(written, "xb", opener=_make_file) as stream:
                    stream.write(self._head(bucket) + _digest(code) + code)
                written.replace(file)
            finally:
                written.unlink(missing_ok=True)

    def _head(self, bucket: Bucket) -> bytes:
        digest = self._origin.copy()
        digest.update(bucket.checksum.encode())  # of the text
        return digest.digest()

    def _file(self, bucket: Bucket) -> Path:
        return self._directory / f"template-{bucket.key}.{sys.implementation.cache_tag}.code"


def _digest(code: bytes) -> bytes:
    return hashlib.sha256(code).digest()


def _make_file(path: str, flags: int) -> int:
    """For nobody else to write, whatever the umask, as compiled modules are."""
    return os.open(path, flags, 0o644)


def kept_beside_modules(settings: bytes) -> CompiledTemplates | None:
    """In the directory of this package's compiled modules, if Python keeps any."""
    cached = __spec__.cached
    return None if cached is None else CompiledTemplates(Path(cached).parent, settings)
