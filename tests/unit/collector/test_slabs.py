"""Memory that one batch after the other stands in."""

import pyarrow as pa

from collector.slabs import Lease, Slabs


def _hold(lease: Lease, text: bytes) -> pa.Buffer:
    memory = lease.allocate(len(text))
    memory[:] = text
    return lease.hold(memory)


def test_what_a_batch_holds_stays_while_others_come() -> None:
    slabs = Slabs()
    held = []
    for number in range(6):
        lease = slabs.take(1_000)
        held.append([_hold(lease, bytes([number, part]) * 100) for part in range(4)])
        del lease
        if number % 2:
            del held[0]
    numbers = range(3, 6)
    assert [[b.to_pybytes() for b in buffers] for buffers in held] == [
        [bytes([number, part]) * 100 for part in range(4)] for number in numbers
    ]


def test_memory_of_a_batch_that_is_gone_is_used_again() -> None:
    slabs = Slabs()
    first = _hold(slabs.take(1_000), b"first")
    address = first.address
    del first
    again = _hold(slabs.take(1_000), b"again")
    assert again.address == address
    assert again.to_pybytes() == b"again"


def test_memory_is_not_used_again_while_a_slice_of_one_column_is_there() -> None:
    slabs = Slabs()
    first = pa.Array.from_buffers(pa.uint8(), 5, [None, _hold(slabs.take(1_000), b"first")])
    part = pa.table({"n": first})["n"].slice(1, 2)
    del first
    _hold(slabs.take(1_000), b"other")
    assert part.to_pylist() == [*b"ir"]


def test_what_does_not_fit_has_memory_of_its_own() -> None:
    slabs = Slabs()
    lease = slabs.take(100)
    held = [_hold(lease, bytes([number]) * 100) for number in range(5)]
    assert [buffer.to_pybytes() for buffer in held] == [bytes([n]) * 100 for n in range(5)]


def test_nothing_is_room_enough_for_a_batch_of_nothing() -> None:
    assert Slabs().take(0).hold(b"").to_pybytes() == b""


def test_memory_of_large_batches_is_not_kept_beside_small_ones() -> None:
    slabs, before = Slabs(), pa.total_allocated_bytes()
    large = [slabs.take(10_000_000) for _ in range(4)]
    del large
    assert pa.total_allocated_bytes() - before > 10_000_000
    slabs.take(1_000)
    assert pa.total_allocated_bytes() - before < 10_000_000


def test_no_more_than_one_is_kept() -> None:
    slabs, before = Slabs(), pa.total_allocated_bytes()
    large = [slabs.take(10_000_000) for _ in range(4)]
    del large
    assert pa.total_allocated_bytes() - before < 20_000_000
