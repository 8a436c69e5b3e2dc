"""Reading a transcript: what is in sight, and that it stays there."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foremanctl.terminal import transcript as t
from foremanctl.terminal.paint import Line, Look, width_of
from foremanctl.terminal.scroll import Place, View, holds, painted, scrolled, visible
from foremanctl.terminal.transcript import Entry, Transcript

LOOK = Look()


def plain(lines: list[Line]) -> list[str]:
    return ["".join(text for _, text in line) for line in lines]


def of(*texts: str, **more: bool) -> Transcript:
    entries = tuple(Entry(number, "text", text) for number, text in enumerate(texts, 1))
    return Transcript(attempt=1, entries=entries, loaded=True, **more)


def sees(transcript: Transcript, view: View, rows: int = 3, columns: int = 20) -> list[str]:
    return plain(visible(transcript, view, LOOK, rows, columns))


def test_the_end_is_followed() -> None:
    transcript = of("one", "two", "three", "four\nfive")
    assert sees(transcript, View()) == ["three", "four", "five"]
    assert sees(t.grown(transcript, [Entry(9, "text", "six")], keep_top=False), View()) == ["four", "five", "six"]


def test_who_scrolls_up_reads_on_there() -> None:
    transcript = of("one", "two", "three", "four\nfive")
    place, edge = scrolled(transcript, View(), LOOK, 3, 20, -1)
    assert (place, edge) == (Place(2), "")
    view = View(place=place)
    assert sees(transcript, view) == ["two", "three", "four"]
    grown = t.grown(transcript, [Entry(9, "text", "six")], keep_top=True)
    assert sees(grown, view) == ["two", "three", "four"]
    earlier = t.earlier(grown, [Entry(0, "text", "zero")], more=False)
    assert sees(earlier, view) == ["two", "three", "four"]


def test_scrolling_ends_at_both_ends() -> None:
    transcript = of("one", "two", "three", "four")
    assert scrolled(transcript, View(), LOOK, 3, 20, -99) == (Place(1), "top")
    assert scrolled(transcript, View(place=Place(1)), LOOK, 3, 20, 99) == (None, "bottom")
    held = of("one", "two", "three", "four", after=True)
    assert scrolled(held, View(place=Place(1)), LOOK, 3, 20, 99) == (Place(2), "bottom"), "the end is not here"


def test_what_was_let_go_is_not_missed() -> None:
    assert sees(of("one", "two", "three", "four"), View(place=Place(99, 7))) == ["two", "three", "four"]
    assert sees(of(), View(place=Place(3))) == []
    assert scrolled(of(), View(), LOOK, 3, 20, -1) == (None, "top")


@pytest.mark.parametrize(
    ("entry", "lines"),
    [
        (Entry(1, "text", "a b\n"), ["a b"]),
        (Entry(1, "text", "the quick brown fox jumps"), ["the quick brown fox", "jumps"]),
        (Entry(1, "thinking", "hm\nso"), ["~ hm", "  so"]),
        (Entry(1, "tool_call", "pytest -q\nmore", "Bash"), ["> Bash  pytest -q m…"]),
        (Entry(1, "tool_result", "1\n2\n3"), ["  | 1 (+2 lines, z)"]),
        (Entry(1, "tool_result", "no", failed=True), ["  x no"]),
        (Entry(1, "told", "fix it"), ["< fix it", ""]),
        (Entry(1, "notice", "odd"), ["! odd"]),
        (Entry(1, "result", "done"), ["= done"]),
        (Entry(1, "text", "\x1b[2J漢\u202e"), ["\\x1b[2J漢\\u202e"]),
        (Entry(1, "tool_result", ""), ["  | "]),
    ],
)
def test_each_kind_has_its_sign(entry: Entry, lines: list[str]) -> None:
    assert plain(painted(entry, False, LOOK, 20)) == lines


def test_an_answer_unfolds() -> None:
    assert plain(painted(Entry(1, "tool_result", "1\n2\n3"), True, LOOK, 20)) == ["  | 1", "    2", "    3"]


def test_what_is_searched_is_marked() -> None:
    (line,) = visible(of("The Fox and the fox"), View(words="fox"), LOOK, 3, 40)
    assert [text for style, text in line if "reverse" in style] == ["Fox", "fox"]
    assert "".join(text for _, text in line) == "The Fox and the fox"
    (line,) = visible(of("İstanbul fox"), View(words="fox"), LOOK, 3, 40)
    assert "".join(text for _, text in line) == "İstanbul fox", "where letters fold into two nothing is torn"


def test_words_are_found_in_any_case() -> None:
    assert holds(Entry(1, "tool_call", "PyTest -q", "Bash"), "pytest")
    assert holds(Entry(1, "tool_call", "x", "Bash"), "bash")
    assert not holds(Entry(1, "text", "x"), "y")


ENTRIES = st.lists(
    st.builds(
        Entry,
        st.just(0),
        st.sampled_from(["text", "thinking", "tool_call", "tool_result", "told", "notice", "result"]),
        st.text(st.sampled_from("ab \n漢\x1b\u0301"), max_size=60),
    ),
    min_size=1,
    max_size=12,
)


@settings(deadline=None)
@given(ENTRIES, st.lists(st.integers(-7, 7), max_size=8), st.integers(1, 9), st.integers(8, 40))
def test_wherever_one_goes_the_screen_is_full_and_fits(
    entries: list[Entry], steps: list[int], rows: int, columns: int
) -> None:
    numbered = tuple(Entry(number, e.kind, e.text) for number, e in enumerate(entries, 1))
    transcript = Transcript(attempt=1, entries=numbered, loaded=True)
    whole = [line for entry in numbered for line in plain(painted(entry, False, LOOK, columns))]
    view = View()
    top = max(0, len(whole) - rows)
    for by in steps:
        place, _ = scrolled(transcript, view, LOOK, rows, columns, by)
        view = View(place=place)
        top = max(0, min(top + by, len(whole) - rows))
        assert sees(transcript, view, rows, columns) == whole[top : top + rows]
        assert all(width_of(line) <= columns for line in visible(transcript, view, LOOK, rows, columns))
