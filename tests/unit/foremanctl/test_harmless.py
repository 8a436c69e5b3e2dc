"""Nothing that a task, an agent or a repository writes may act on a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foremanctl.harmless import cells, cut, line, lines, stream

ACTING = ["\x1b", "\x07", "\x08", "\r", "\x9b", "\x7f", "\u202e", "\u2066", "\u200f", "\u2028", "\U000e0041", "\ud800"]


@pytest.mark.parametrize("char", ACTING, ids=ascii)
def test_what_acts_is_shown_as_an_escape(char: str) -> None:
    for harmless in (line, lines):
        shown = harmless(f"a{char}b")
        assert char not in shown
        assert shown.startswith("a\\")
        assert shown.endswith("b")


@given(st.text())
def test_nothing_that_acts_is_left(text: str) -> None:
    assert all(unicodedata.category(char) not in {"Cc", "Cs"} for char in line(text))
    assert {char for char in lines(text) if unicodedata.category(char) in {"Cc", "Cs"}} <= {"\n", "\t"}


def test_words_stay_as_they_are() -> None:
    for text in ("Fix #412 rounding", "naïve Größe", "日本語", "👩‍💻 👍🏽", "שלום"):
        assert line(text) == text
    assert lines("a\tb\r\nc\n") == "a\tb\nc\n"
    assert line("two\nlines") == "two lines"


@given(st.text(), st.integers(1, 7))
def test_a_stream_is_what_its_whole_would_be(text: str, size: int) -> None:
    data = text.encode(errors="ignore")
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    if "\r" not in text:  # a line end that is torn apart keeps its carriage return as an escape
        assert "".join(stream(pieces)) == lines(data.decode())


def test_bytes_that_are_no_text_are_shown() -> None:
    assert "".join(stream([b"caf\xe9", b"\xc3", b"\xa9"])) == "caf\\xe9é"


@given(st.text(), st.integers(0, 20))
def test_a_cut_text_fits(text: str, width: int) -> None:
    assert cells(cut(line(text), width)) <= width


def test_wide_letters_take_two_columns() -> None:
    assert cells("日本") == 4
    assert cut("日本語", 4) == "日…"
    assert cut("short", 5) == "short"
    assert cut("longer", 5) == "long…"
