"""Spans of time, read and written."""

import pytest

from foremand.core.durations import seconds, written


@pytest.mark.parametrize(
    ("text", "span"), [("90s", 90.0), ("45m", 2700.0), ("2h", 7200.0), ("7d", 604800.0), ("999999s", 999999.0)]
)
def test_a_duration_is_read_and_written_again(text: str, span: float) -> None:
    assert seconds(text) == span
    assert written(span) == text


def test_the_largest_unit_that_is_exact_is_written() -> None:
    assert [written(span) for span in (120.0, 3600.0, 86400.0, 90000.0, 61.0)] == ["2m", "1h", "1d", "25h", "61s"]


@pytest.mark.parametrize("text", ["", "7", "d", "0d", "07d", "-1d", "1.5h", "7 d", "7D", "1w", "7d\n", "1000000s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        seconds(text)
