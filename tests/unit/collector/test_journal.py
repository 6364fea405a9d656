"""Requests held in memory, with the promises of the log but one."""

from collector.journal import HeldRequests


def test_positions_and_payloads_agree() -> None:
    journal = HeldRequests()
    assert journal.append([b"one", b"two"]) == 2
    assert journal.append([b"three"]) == 3
    assert journal.nbytes == 11

    assert list(journal.read(0, 3)) == [b"one", b"two", b"three"]
    assert list(journal.read(1, 2)) == [b"two"]
    journal.release(1)
    journal.release(1)
    assert list(journal.read(1, 3)) == [b"two", b"three"]
    assert journal.nbytes == 8
    journal.release(3)
    assert journal.nbytes == 0
    assert journal.append([b"four"]) == 4
    assert list(journal.read(3, 4)) == [b"four"]
    journal.close()
