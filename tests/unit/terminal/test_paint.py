"""Lines: anybody's text in exactly as many cells as there are."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foremanctl.harmless import cells
from foremanctl.terminal.paint import Look, hints, over, padded, reach, width_of, wrap

LOOK, ASCII = Look(), Look(ascii=True)
TEXT = st.text(st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("ab \n漢\u0301\x1b")), max_size=80)


@pytest.mark.parametrize(
    ("text", "shown", "in_ascii"),
    [
        ("plain", "plain", "plain"),
        ("a\tb\nc", "a b c", "a b c"),
        ("\x1b[31mred", r"\x1b[31mred", r"\x1b[31mred"),
        ("é漢", "é漢", r"\xe9\u6f22"),
        ("\U0001f468\u200d\U0001f467", "\U0001f468\U0001f467", r"\U0001f468\u200d\U0001f467"),
        ("a" + "\u0301" * 50 + "b", "a\u0301\u0301b", "a" + r"\u0301" * 50 + "b"),
        ("\u202egnorw", r"\u202egnorw", r"\u202egnorw"),
    ],
)
def test_text_only_shows(text: str, shown: str, in_ascii: str) -> None:
    assert LOOK.line(text) == shown
    assert ASCII.line(text) == in_ascii


def test_lines_keep_their_ends_and_widen_their_tabs() -> None:
    assert LOOK.text("a\tb\r\nc\rd") == "a    b\nc\\x0dd"


@settings(deadline=None)
@given(TEXT, st.integers(0, 40))
def test_what_is_cut_fits(text: str, width: int) -> None:
    for look in (LOOK, ASCII):
        clean = look.line(text)
        cut = look.cut(clean, width)
        assert cells(cut) <= width
        assert cut == clean or (width < len(look.ellipsis)) or cut.endswith(look.ellipsis)


@settings(deadline=None)
@given(st.lists(TEXT, max_size=5), st.integers(3, 40))
def test_a_line_of_many_parts_fits(texts: list[str], width: int) -> None:
    line = [(f"style{number}", LOOK.line(text)) for number, text in enumerate(texts)]
    fitted = LOOK.fit(line, width)
    assert width_of(fitted) <= width
    if width_of(line) <= width:
        assert fitted == line


@settings(deadline=None)
@given(TEXT, st.integers(2, 40))
def test_what_is_wrapped_fits_and_is_all_there(text: str, width: int) -> None:
    clean = LOOK.text(text)
    wrapped = list(wrap(clean, width))
    assert all(cells(line) <= width for line in wrapped)
    assert "".join(wrapped).replace(" ", "") == clean.replace("\n", "").replace(" ", "")


def test_words_stay_whole_where_they_can() -> None:
    assert list(wrap("the quick brown fox", 10)) == ["the quick", "brown fox"]
    assert list(wrap("abcdefghijkl", 5)) == ["abcde", "fghij", "kl"]
    assert list(wrap("", 5)) == [""]


class Counted(str):
    """A text that counts how much of it is copied."""

    copied = 0

    def split(self, *_: object) -> list[str]:  # type: ignore[override]
        return [self]

    def __getitem__(self, where: object) -> str:
        piece = Counted(super().__getitem__(where))  # type: ignore[index]
        Counted.copied += len(piece)
        return piece


@pytest.mark.parametrize("words", ["x", "word ", "漢", "漢字 "])
def test_a_long_line_is_wrapped_in_linear_steps(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    text = Counted(words * (100_000 // len(words)))
    monkeypatch.setattr(Counted, "copied", 0)
    lines = list(wrap(text, 80))
    assert len(lines) < 100_000 / 20
    assert Counted.copied <= 4 * len(text), "each character is taken a few times, not once a line"


def test_reach_counts_cells() -> None:
    assert reach("漢字漢字", 5) == 2
    assert reach("漢字漢字", 5, 1) == 3
    assert reach("abc", 9) == 3
    assert reach("abcdef", 2, 3) == 5


def test_padding_and_marking_fill_the_width() -> None:
    assert padded("漢", 4) == "漢  "
    assert padded("漢", 4, right=True) == "  漢"
    assert over([("bold", "a")], "reverse", 3) == [("bold reverse", "a"), ("reverse", "  ")]


def test_hints_are_whole_or_not_there() -> None:
    pairs = [("a", "approve"), ("esc", "back")]
    assert "".join(text for _, text in hints(pairs, 80)) == " a approve  esc back  ? keys  q detach"
    assert "".join(text for _, text in hints(pairs, 37)) == " a approve  ? keys  q detach"
    assert "".join(text for _, text in hints(pairs, 27)) == " ? keys  q detach"
    assert hints(pairs, 3) == []
