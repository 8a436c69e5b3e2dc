"""What a person says about a change: kept by place and revision, sent word for word, never lost when the work moves."""

from foremanctl.terminal.comments import Comment, Comments, Place, about, lines_at, place_of
from foremanctl.terminal.comments_editor import letter, written
from foremanctl.terminal.patch import Patch

HEAD = b"diff --git a/src/a.py b/src/a.py\nindex 1..2 100644\n--- a/src/a.py\n+++ b/src/a.py\n"
CHANGE = HEAD + b"@@ -10,2 +10,3 @@\n one\n-two = 2\n+two = 3\n+  more  \n"
LATER = HEAD + b"@@ -10,2 +10,5 @@\n one\n-two = 2\n+before\n+before\n+two = 3\n+other\n"
OLD, NEW = "a" * 40, "b" * 40


def on(number: int, text: str, quoted: str = "", *, before: bool = False, revision: str = OLD) -> Comment:
    return Comment(revision, Place("src/a.py", number, before), text, quoted)


def test_a_place_has_one_comment_which_can_be_changed_and_taken_back() -> None:
    kept = Comments()
    kept.put(on(11, "first"))
    kept.put(on(11, "second"))
    assert [each.text for each in kept.on(OLD)] == ["second"]
    kept.put(on(11, "  \n"))
    assert len(kept) == 0
    kept.remove(OLD, Place("nowhere", 1))
    kept.put(on(11, "third"))
    assert kept.at(OLD, Place("src/a.py", 11)) == on(11, "third")
    assert kept.at(NEW, Place("src/a.py", 11)) is None
    kept.clear()
    assert kept.message(OLD) == ""


def test_the_message_has_every_word_with_file_line_and_the_line_itself() -> None:
    kept = Comments()
    kept.put(on(12, "  Indented: `%s` {{ task }}\n\nand a second part", "  more  "))
    kept.put(on(11, "why not 2?", "two = 2", before=True))
    kept.put(on(11, "why 3?", "two = 3"))
    kept.put(Comment(OLD, Place("src/a.py"), "split this file"))
    kept.put(Comment(OLD, Place(), "Fine, but:"))
    assert kept.message(OLD) == (
        "Fine, but:\n\n"
        "src/a.py:\nsplit this file\n\n"
        "src/a.py, line 11:\n> two = 3\nwhy 3?\n\n"
        "src/a.py, line 11 before the change:\n> two = 2\nwhy not 2?\n\n"
        "src/a.py, line 12:\n>   more  \n  Indented: `%s` {{ task }}\n\nand a second part"
    )


def test_what_could_not_be_sent_is_made_sendable() -> None:
    kept = Comments()
    kept.put(Comment(OLD, Place("a\x1b[2J\nb", 1), "x", "nul\0" + "y" * 1000))
    message = kept.message(OLD)
    assert message.startswith("a\\x1b[2J b, line 1:\n> nul\\x00yyy")
    assert message.endswith("y [...]\nx")
    assert "\0" not in message
    assert len(message) < 600


def test_places_are_lines_of_either_side_and_nothing_else() -> None:
    patch = Patch.of(CHANGE)
    (file,) = patch.files
    places = [place_of(patch, file, line) for line in patch.body(file)]
    assert places == [
        None,
        Place("src/a.py", 10),
        Place("src/a.py", 11, before=True),
        Place("src/a.py", 11),
        Place("src/a.py", 12),
    ]
    assert [about(place) for place in places if place] == [
        "src/a.py, line 10",
        "src/a.py, line 11 before the change",
        "src/a.py, line 11",
        "src/a.py, line 12",
    ]
    said = [on(11, "x"), on(11, "y", before=True), Comment(OLD, Place("src/a.py"), "all of it")]
    assert {line: each.text for line, each in lines_at(patch, file, said).items()} == {6: "y", 7: "x"}


def test_what_was_said_goes_along_to_the_next_revision_where_its_line_is_still_there() -> None:
    kept = Comments()
    kept.put(on(11, "why 3?", "two = 3"))
    kept.put(on(11, "why not 2?", "two = 2", before=True))
    kept.put(on(12, "trailing blanks", "  more  "))
    kept.put(Comment(OLD, Place("src/a.py"), "split this file"))
    kept.put(Comment(OLD, Place("gone.py"), "why this?"))
    kept.put(Comment(OLD, Place(), "Fine, but:"))
    kept.carry(NEW, Patch.of(LATER))
    assert [(each.place.number, each.text) for each in kept.on(NEW)] == [
        (0, "Fine, but:"),
        (0, "split this file"),
        (11, "why not 2?"),
        (13, "why 3?"),
    ]
    assert [each.text for each in kept.elsewhere(NEW)] == ["trailing blanks", "why this?"]
    assert kept.message(NEW).endswith(
        f"On the earlier revision {OLD[:12]}, of lines that have changed since:\n\n"
        "src/a.py, line 12:\n>   more  \ntrailing blanks\n\n"
        "gone.py:\nwhy this?"
    )


def test_what_goes_along_never_takes_the_place_of_what_was_said_there() -> None:
    kept = Comments()
    kept.put(on(11, "old words", "two = 3"))
    kept.put(on(13, "new words", "two = 3", revision=NEW))
    kept.carry(NEW, Patch.of(LATER))
    assert [each.text for each in kept.on(NEW)] == ["new words"]
    assert [each.text for each in kept.elsewhere(NEW)] == ["old words"]


def test_of_lines_that_are_alike_the_nearest_is_meant() -> None:
    kept = Comments()
    kept.put(on(12, "this one", "before"))
    kept.carry(NEW, Patch.of(LATER))
    assert [each.place.number for each in kept.on(NEW)] == [12]


def test_a_letter_is_answered_between_its_lines() -> None:
    quoted = letter(Patch.of(CHANGE))
    lines = [each.shown for each in quoted]
    assert lines[0] == ""
    at = lines.index("> +two = 3")
    answer = [
        "In all: good.",
        *lines[1 : at + 1],
        "why 3?",
        "",
        "  * indented",
        *lines[at + 1 :],
        "> quoted by me, and no line of the change",
    ]
    assert written("\n".join(answer), quoted) == [
        (Place(), "", "In all: good.\n> quoted by me, and no line of the change"),
        (Place("src/a.py", 11), "two = 3", "why 3?\n\n  * indented"),
    ]


def test_a_letter_without_a_word_says_nothing() -> None:
    quoted = letter(Patch.of(CHANGE))
    assert written("\n".join(each.shown for each in quoted), quoted) == []
    assert written("", quoted) == []


def test_quoted_lines_may_be_deleted() -> None:
    quoted = letter(Patch.of(CHANGE))
    assert written("> M src/a.py\nall of it\n> -two = 2\nkeep this", quoted) == [
        (Place("src/a.py"), "", "all of it"),
        (Place("src/a.py", 11, before=True), "two = 2", "keep this"),
    ]


def test_a_letter_is_harmless_and_ends_somewhere() -> None:
    quoted = letter(Patch.of(HEAD + b"@@ -0,0 +1,9999 @@\n" + b"+\x1b[2J\xff" * 2 + b"\n" + b"+x\n" * 9999))
    assert "\x1b" not in "".join(each.shown for each in quoted)
    assert len(quoted) < 3100
    assert quoted[-1].shown.startswith("> [...]")
    huge = letter(Patch.of(HEAD + b"@@ -0,0 +1 @@\n+" + b"y" * 1_000_000 + b"\n"))
    assert max(len(each.shown) for each in huge) < 1100
