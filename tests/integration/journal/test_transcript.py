"""Paging through transcript files, compared with reading them whole."""

import os
import random
from pathlib import Path

import pytest

from foremand.journal import Transcript, transcript


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def content(file: Path, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """1,234 lines of all sorts, the last without newline, and an index of every tenth."""
    monkeypatch.setattr(transcript, "EVERY", 10)
    chance = random.Random(4)
    lines = [chance.choice([b"", b"a\r", b"\xff\x00", b"x" * chance.randint(1, 900)]) for _ in range(1233)]
    lines.append(b"the last")
    file.write_bytes(b"\n".join(lines))
    return lines


@pytest.mark.parametrize(
    ("line", "count"),
    [(0, 1), (0, 10), (9, 2), (10, 10), (995, 50), (1230, 100), (1233, 1), (1234, 5), (9999, 5), (3, 0)],
)
def test_any_page(file: Path, content: list[bytes], line: int, count: int) -> None:
    assert Transcript(file).page(line, count) == content[line : line + count]


def test_pages_in_any_order(file: Path, content: list[bytes]) -> None:
    pages = Transcript(file)
    for line in random.Random(5).sample(range(1240), 200):
        assert pages.page(line, 25) == content[line : line + 25]


def test_a_page_is_bounded_but_never_empty(file: Path) -> None:
    file.write_bytes(b"x" * 5000 + b"\n" + b"short\n" * 10)
    pages = Transcript(file)
    assert pages.page(0, 5, max_bytes=100) == [b"x" * 5000]
    assert pages.page(1, 50, max_bytes=18) == [b"short"] * 3


@pytest.mark.parametrize("ending", [b"", b"\n"])
def test_a_file_that_grows(file: Path, monkeypatch: pytest.MonkeyPatch, ending: bytes) -> None:
    monkeypatch.setattr(transcript, "EVERY", 2)
    pages = Transcript(file)
    file.write_bytes(b"0\n1\n2\n3" + ending)
    assert pages.page(3, 5) == [b"3"]
    assert pages.page(4, 5) == []
    with file.open("ab") as more:
        more.write((b"" if ending else b" and more\n") + b"4\n5\n6")
    assert pages.page(3, 9) == [b"3" if ending else b"3 and more", b"4", b"5", b"6"]


def test_another_file_in_its_place(file: Path, content: list[bytes]) -> None:
    pages = Transcript(file)
    pages.page(1200, 1)
    new = [b"another line %d" % number for number in range(50_000)]
    file.with_name("new").write_bytes(b"\n".join(new))
    file.with_name("new").replace(file)
    assert pages.page(1200, 5) == new[1200:1205]


def test_a_file_that_begins_anew(file: Path, content: list[bytes]) -> None:
    pages = Transcript(file)
    pages.page(1200, 1)
    os.truncate(file, 0)
    assert pages.page(1200, 1) == []
    new = [b"another line %d" % number for number in range(50_000)]
    file.write_bytes(b"\n".join(new))
    assert pages.page(1200, 5) == new[1200:1205]


@pytest.mark.parametrize("count", [0, 1, 2, 500, 1234, 5000])
def test_the_last_lines(file: Path, content: list[bytes], count: int) -> None:
    assert Transcript(file).tail(count) == (content[-count:] if count else [])


def test_the_last_lines_are_bounded_but_never_none(file: Path) -> None:
    file.write_bytes(b"first\n" + b"x" * 300_000 + b"\n")
    pages = Transcript(file)
    assert pages.tail(2, max_bytes=1000) == [b"x" * 300_000]
    file.write_bytes(b"12345\n" * 100)
    assert pages.tail(50, max_bytes=18) == [b"12345"] * 3
    file.write_bytes(b"")
    assert pages.tail(3) == []


def test_the_tail_of_a_huge_file_reads_only_its_end(file: Path) -> None:
    file.touch()
    os.truncate(file, 5 << 30)  # a hole: to read it all would take seconds and memory
    with file.open("ab") as end:
        end.write(b"\none\ntwo\n")
    assert Transcript(file).tail(2) == [b"one", b"two"]
