"""Patches as git makes them of anything: names, modes, content that looks like a patch, and pieces broken anywhere."""

import itertools
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foremanctl.terminal.paint import Look, width_of
from foremanctl.terminal.patch import EXECUTABLE, LINK, Patch
from foremanctl.terminal.patch_paint import Frame, paint, plain
from foremanctl.terminal.patch_syntax import colors
from foremanctl.terminal.patch_tree import Row, paint_row, tree
from foremanctl.terminal.patch_words import changed

SMALL = b"""diff --git a/src/a.py b/src/a.py
index 1111111..2222222 100644
--- a/src/a.py
+++ b/src/a.py
@@ -10,4 +10,5 @@ def f():
 one
-two = 2
+two = 3
+more
 three
--- looks like a head, and is a removed line
@@ -30 +31 @@
-x
\\ No newline at end of file
+y
\\ No newline at end of file
"""


def git(folder: Path, *args: str) -> bytes:
    command = ["git", "-c", "user.name=m", "-c", "user.email=m@x", "-c", "protocol.file.allow=always", *args]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, env={"PATH": "/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", ".")
    return tmp_path


def commit(repo: Path) -> str:
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "--allow-empty", "-m", "x")
    return git(repo, "rev-parse", "HEAD").decode().strip()


def made(repo: Path, base: str) -> Patch:
    options = ("-r", "--no-commit-id", "-p", "-M", "--no-ext-diff", "--no-textconv", "--no-color")
    return Patch.of(git(repo, "diff-tree", *options, base, commit(repo)))


def test_lines_know_their_numbers_on_either_side() -> None:
    patch = Patch.of(SMALL)
    (file,) = patch.files
    assert (file.path, file.letter, file.added, file.removed) == ("src/a.py", "M", 3, 3)
    assert [patch.raw(hunk)[:2] for hunk in file.hunks] == [b"@@", b"@@"]
    shown = [(patch.sign(line), *patch.numbers(line)) for line in patch.body(file)]
    assert shown == [
        ("@", None, None),
        (" ", 10, 10),
        ("-", 11, None),
        ("+", None, 11),
        ("+", None, 12),
        (" ", 12, 13),
        ("-", 13, None),
        ("@", None, None),
        ("-", 30, None),
        ("\\", None, None),
        ("+", None, 31),
        ("\\", None, None),
    ]
    assert plain(patch, file.hunks[0] + 6) == "-- looks like a head, and is a removed line"


@given(st.lists(st.integers(0, len(SMALL)), max_size=6))
def test_it_does_not_matter_where_the_pieces_are_broken(cuts: list[int]) -> None:
    patch = Patch()
    edges = [0, *sorted(cuts), len(SMALL)]
    for start, end in itertools.pairwise(edges):
        patch.feed(SMALL[start:end])
    patch.end()
    whole = Patch.of(SMALL)
    assert patch.files == whole.files
    assert b"".join(patch.text()) == SMALL
    assert [patch.raw(line) for line in range(len(patch))] == SMALL.splitlines()


def test_a_last_line_without_its_end_is_one_too() -> None:
    assert Patch.of(SMALL.rstrip(b"\n")).files == Patch.of(SMALL).files
    assert len(Patch.of(b"")) == 0


def test_what_stands_before_the_first_file_is_a_foreword() -> None:
    patch = Patch.of(b"It conflicts.\n" + SMALL)
    assert [patch.raw(line) for line in patch.foreword] == [b"It conflicts."]
    assert patch.file_at(0) == -1
    assert patch.file_at(3) == 0
    assert len(patch.files) == 1


def test_what_git_says_of_files(repo: Path) -> None:
    (repo / "stays.txt").write_text("same\n" * 20)
    (repo / "goes.txt").write_text("gone\n")
    (repo / "run.sh").write_text("true\n")
    (repo / "data.bin").write_bytes(b"\0\1\2")
    (repo / "file").write_text("will be a link\n")
    base = commit(repo)
    (repo / "goes.txt").unlink()
    (repo / "stays.txt").rename(repo / "moved.txt")
    (repo / "run.sh").chmod(0o755)
    (repo / "data.bin").write_bytes(b"\0\1\3")
    (repo / "empty").touch()
    (repo / "file").unlink()
    (repo / "file").symlink_to("/etc/passwd")
    files = {(file.letter, file.path): file for file in made(repo, base).files}
    assert set(files) == {
        ("M", "data.bin"),
        ("A", "empty"),
        ("D", "file"),
        ("A", "file"),
        ("D", "goes.txt"),
        ("R", "moved.txt"),
        ("M", "run.sh"),
    }
    assert files["M", "data.bin"].binary
    assert files["M", "run.sh"].new_mode == EXECUTABLE
    assert files["A", "file"].new_mode == LINK
    assert files["R", "moved.txt"].paths == ("moved.txt", "stays.txt")
    assert (files["D", "goes.txt"].removed, files["A", "empty"].added) == (1, 0)


NAMES = [
    "plain.txt",
    "with blank .txt",
    "a b/c b/c.txt",
    'quote".txt',
    "tab\there",
    "line\nend",
    "back\\slash",
    "\x1b[2Jcleared",
    "‮gnp.exe",
    "ümlaut/日本.txt",
    "a/b b/a/b",
    " b/x",
]


def test_names_are_read_as_they_are_on_disk(repo: Path) -> None:
    base = commit(repo)
    for name in NAMES:
        path = repo / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("--- a/other\n+++ b/other\n")
    bad = bytes(repo) + b"/in/\xff\xfe.bin"
    with open(bad, "w") as file:
        file.write("x\n")
    patch = made(repo, base)
    assert {file.path for file in patch.files} == {*(f"in/{name}" for name in NAMES), "in/\udcff\udcfe.bin"}
    for file in patch.files:
        file_shown = paint_row(Row(0, file.path, 0), file, 30, Look())
        assert width_of(file_shown) <= 30
        assert not any(ord(char) < 32 or char == "‮" for _, text in file_shown for char in text)

    again = commit(repo)
    for file in list((repo / "in").rglob("*")):
        if file.is_file():
            file.chmod(0o755)
    # Only the head names them now: there are no hunks.
    assert {file.path for file in made(repo, again).files} == {file.path for file in patch.files}


def test_content_never_passes_for_a_head(repo: Path) -> None:
    base = commit(repo)
    (repo / "evil.txt").write_bytes(
        b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\r\x1b[0m\nrename from y\n"
    )
    (file,) = made(repo, base).files
    assert (file.path, file.added, file.removed, len(file.hunks)) == ("evil.txt", 7, 0, 1)


def shown(patch: Patch, line: int, **frame: int) -> str:
    width = frame.pop("width", 60)
    painted = paint(patch, patch.files[0], line, Frame(width=width, look=Look(), **frame))  # type: ignore[arg-type]
    assert width_of(painted) <= width
    return "".join(text for _, text in painted)


def one_line(content: bytes) -> tuple[Patch, int]:
    head = b"diff --git a/a.py b/a.py\nindex 1..2 100644\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n"
    return Patch.of(head + b"+" + content + b"\n"), 5


def test_lines_are_shown_with_numbers_and_sign() -> None:
    patch = Patch.of(SMALL)
    assert shown(patch, 5) == "  10   10  one"
    assert shown(patch, 6) == "  11      -two = 2"
    assert shown(patch, 7) == "       11 +two = 3"
    assert shown(patch, 7, both=False) == "  11 +two = 3"
    assert shown(patch, 4) == "@@ -10,4 +10,5 @@ def f():"
    assert shown(patch, 13) == "No newline at end of file"


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (b"\x1b[2J\x07", r"\x1b[2J\x07"),
        (b"\tx", "    x"),
        (b"crlf\r", "crlf^M"),
        (b"\xff", r"\xff"),
        ("‮abc".encode(), r"\u202eabc"),
        ("日本".encode(), "日本"),
        (b"a\x0bb\x0cc\x85", r"a\x0bb\x0cc\x85"),
    ],
)
def test_what_acts_is_shown_instead(content: bytes, seen: str) -> None:
    patch, line = one_line(content)
    assert shown(patch, line) == f"        1 +{seen}"[-len(seen) - 11 :].rjust(11 + len(seen))


def test_a_line_of_a_million_bytes_is_cut_and_says_so() -> None:
    for content in (b"x" * 1_000_000, "\u200d".encode() * 300_000, "日".encode() * 300_000, b'\\"' * 500_000):
        patch, line = one_line(content)
        assert shown(patch, line).endswith("…")
        assert shown(patch, line, shift=500).endswith("…")


def test_what_is_to_the_right_can_be_scrolled_to() -> None:
    patch, line = one_line(b"0123456789" * 20)
    assert shown(patch, line, shift=195) == "        1 +56789"
    wide, line = one_line("日本語".encode() * 4)
    assert shown(wide, line, shift=6).endswith("+日本語日本語日本語")


def test_the_words_that_changed_are_marked() -> None:
    patch = Patch.of(SMALL.replace(b"+more\n", b"").replace(b",5 @@", b",4 @@"))
    styles = {text: style for style, text in paint(patch, patch.files[0], 7, Frame(width=60, look=Look()))}
    assert "underline" in styles["3"]
    assert not any("underline" in style for text, style in styles.items() if text != "3")


def test_lines_that_have_little_in_common_are_not_marked() -> None:
    assert changed("return 1", "raise ValueError") == ((0, 0), (0, 0))
    assert changed("a = f(1)", "a = g(1)") == ((4, 5), (4, 5))
    assert changed("same", "same") == ((4, 4), (4, 4))
    assert changed("f(a)", "f(a, b)") == ((3, 3), (3, 6))
    assert changed("aa", "aa aa") == ((2, 2), (2, 5))


@given(st.text(), st.text())
def test_what_changed_lies_inside_both_lines(old: str, new: str) -> None:
    for (start, end), text in zip(changed(old, new), (old, new), strict=True):
        assert 0 <= start <= end <= len(text)


@given(st.text(st.characters(blacklist_characters="\n"), max_size=300), st.sampled_from(["a.py", "a.go", "a.sql", "a"]))
def test_colours_neither_add_nor_lose_a_character(code: str, path: str) -> None:
    assert "".join(text for _, text in colors(path, code, "")) == code


def test_colours_tell_comments_strings_and_keywords_apart() -> None:
    kinds = {text: style for style, text in colors("x/a.py", 'return f("a # b", 12)  # why', "base")}
    assert kinds["# why"] == "ansibrightblack"
    assert kinds['"a # b"'] == "ansiyellow"
    assert kinds["12"] == "ansimagenta"
    assert kinds["return"] == "ansicyan"
    assert kinds[" f("] == "base"
    assert colors("notes.md", "return # no", "base") == [("base", "return # no")]


def names(rows: list[Row]) -> list[str]:
    return ["  " * row.depth + row.name for row in rows]


def test_the_tree_has_a_row_for_each_folder_that_files_part_in() -> None:
    paths = ["a/b/c/x", "a/b/d/y", "a/e/z", "deep/only/one/file", "top"]
    files = Patch.of(b"".join(b"diff --git a/%b b/%b\n" % (p.encode(), p.encode()) for p in paths)).files
    rows = tree(files)
    assert names(rows) == [
        "a/",
        "  b/",
        "    c/",
        "      x",
        "    d/",
        "      y",
        "  e/",
        "    z",
        "deep/only/one/",
        "  file",
        "top",
    ]
    assert [row.file for row in rows if row.file is not None] == [0, 1, 2, 3, 4]


def test_a_row_says_what_is_sensitive_and_how_much_was_said() -> None:
    (file,) = Patch.of(SMALL).files
    row = paint_row(Row(1, "a.py", 0), file, 24, Look(), sensitive=True, words=2)
    assert "".join(text for _, text in row) == "  M!a.py        +3 -3 *2"
    assert width_of(paint_row(Row(1, "a-very-long-name-indeed.py", 0), file, 24, Look())) == 24


def a_pair(old: str, new: str) -> tuple[Patch, int, int]:
    """A line that took the place of another, and where both stand."""
    text = f"diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-{old}\n+{new}\n"
    patch = Patch.of(text.encode())
    hunk = patch.files[0].hunks[0]
    return patch, hunk + 1, hunk + 2


def test_what_changed_beyond_the_width_is_brought_in_sight_in_both_lines() -> None:
    same = "value = " + "a, " * 40
    patch, before, after = a_pair(f"{same}last", f"{same}first, last")
    old, new = (shown(patch, line, width=40) for line in (before, after))
    assert old.startswith("   1      -…")
    assert new.startswith("        1 +…")
    assert new.endswith("first, last")
    assert old.index("last") == new.index("first"), "they are shown from the same place on"
    assert shown(patch, after, width=40, shift=1).endswith("…"), "who moves a line by hand is left to it"


def test_what_is_gone_from_the_end_is_seen_to_be_gone() -> None:
    same = "value = " + "a, " * 40
    patch, before, after = a_pair(f"{same}b, last", f"{same}b")
    assert shown(patch, before, width=40).endswith("b, last")
    assert shown(patch, after, width=40).endswith("a, b")


def test_what_changed_within_the_width_stays_where_it_is() -> None:
    patch, _, after = a_pair("one = 1" + " " * 80 + "#", "one = 2" + " " * 80 + "#")
    assert shown(patch, after, width=40).startswith("        1 +one = 2")
