"""Requests into what was seen of them."""

from contextlib import closing

import pytest

from collector.decoded import UndecodableRequest
from tests.builders import request, span
from tracestitch.testing.answers import Answers


def test_a_request_that_no_store_takes_is_told_and_does_not_keep_others_out() -> None:
    large = request(span("n" * (9 << 20)))

    with closing(Answers()) as answers:
        with pytest.raises(UndecodableRequest, match="more than 8 MiB"):
            answers.take([request(span("first", id=1)), large, request(span("last", id=2))])
        assert [told["name"] for told in answers.take([]).spans] == ["first", "last"]
