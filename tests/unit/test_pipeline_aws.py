"""What stands in for AWS beside moto."""

from sample_data.pipeline.aws import new_xray_header
from tracestitch_propagation import xray


def test_a_header_of_xray_tells_a_sampled_span_of_a_trace_of_its_own() -> None:
    first, second = (
        xray.read_header(new_xray_header()["AWSTraceHeader"]["StringValue"]) for _ in range(2)
    )
    assert first is not None
    assert second is not None
    assert first.trace_flags.sampled
    assert first.trace_id != second.trace_id
