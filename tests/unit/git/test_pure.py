"""The parts of the git room that decide without git."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foremand.git.diff import RawChange, _content, hunks
from foremand.git.errors import Blocked, GitError, GitFailed, text
from foremand.git.land import in_the_way
from foremand.git.layout import ATTRIBUTES, Form, discard, write_file, write_repository
from foremand.git.listing import keep_out_spec
from foremand.git.locks import IndexLock, Lock, identify, remove_stale
from foremand.git.prompt import _cut

PATCH = b"diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n"


def change(path: bytes = b"x", old: bytes = b"100644", new: bytes = b"100644") -> RawChange:
    return RawChange(path, old, new, b"1" * 40, b"2" * 40)


def test_hunks_begin_at_the_first_and_a_binary_file_has_none():
    assert hunks(PATCH + b"@@ -1 +1 @@\n-a\n+b\n") == b"@@ -1 +1 @@\n-a\n+b\n"
    assert hunks(b"diff --git a/x b/x\nold mode 100644\nnew mode 100755\n") == b""
    assert hunks(b"diff --git a/x b/x\nindex 1..2\nBinary files a/x and b/x differ\n") is None


def test_content_that_claims_to_be_binary_is_not():
    assert hunks(PATCH + b"@@ -1 +1 @@\n-a\n+b\n\nBinary files a/x and b/x differ\n") is not None


@given(st.integers(1, 9999), st.integers(1, 9999), st.sampled_from([b"", b" def f():", b" @@ -1 +1 @@"]))
def test_where_a_hunk_stands_does_not_count(old: int, new: int, function: bytes):
    moved = PATCH + b"@@ -%d +%d @@%s\n-a\n+b\n" % (old, new, function)
    assert _content(change(), moved) == _content(change(), PATCH + b"@@ -1 +1 @@\n-a\n+b\n")


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_different_lines_differ(one: bytes, two: bytes):
    def content(line: bytes) -> tuple[bytes, ...]:
        return _content(change(), PATCH + b"@@ -1 +1 @@\n+" + line.replace(b"\n", b"\n+") + b"\n")

    assert (content(one) == content(two)) == (one == two)


def test_a_type_change_is_told_from_a_mode_change():
    assert change(new=b"120000").retyped and change(new=b"160000").retyped
    assert not change(new=b"100755").retyped
    assert not change(old=b"000000", new=b"120000").retyped


@pytest.mark.parametrize(
    ("pattern", "name", "kept_out"),
    [
        (".env", ".env", True),
        (".env", "sub/.env", False),
        (".venv", ".venv/lib/x", True),
        ("build/", "build/x", True),
        ("*.egg-info", "a.egg-info/PKG", True),
        ("**/node_modules", "a/b/node_modules/x", True),
        ("!a", "a", False),
        ("#x", "#x", True),
    ],
)
def test_keep_out_globs(pattern: str, name: str, kept_out: bool):
    assert keep_out_spec([pattern]).match_file(name) is kept_out


def test_a_path_that_is_not_utf8_can_always_be_shown():
    shown = text(b"a\xffb")
    assert shown == "a\\xffb"
    shown.encode()


def test_errors_say_what_and_what_to_do():
    error = Blocked("in the way", ["a"], "move it")
    assert isinstance(error, GitError) and str(error) == "in the way: move it" and error.paths == ("a",)
    assert "it said nothing" in str(GitFailed(("x",), 1, b""))


def test_files_in_the_way(tmp_path: Path):
    (tmp_path / "tracked").write_text("x")
    (tmp_path / "loose").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "ignored").write_text("x")
    os.symlink(tmp_path / "folder", tmp_path / "link")
    tracked = {b"tracked", b"folder/tracked"}
    assert in_the_way(tmp_path, [b"tracked", b"tracked/below", b"none/new", b"folder/new"], tracked) == []
    assert in_the_way(tmp_path, [b"loose", b"loose/below"], tracked) == [b"loose"]
    assert in_the_way(tmp_path, [b"folder"], tracked) == [b"folder/ignored"]
    assert in_the_way(tmp_path, [b"link/ignored"], tracked) == [b"link"]


def test_an_index_lock_is_exclusive_and_knows_its_own(tmp_path: Path):
    index = tmp_path / "index"
    mine, other = IndexLock(index, "landing one\n"), IndexLock(index, "landing two\n")
    assert mine.take() is False
    assert mine.take() is True, "the same landing takes it up again"
    with pytest.raises(Blocked):
        other.take()
    other.release()
    assert mine.held()
    (tmp_path / "other").write_bytes(b"new index")
    os.utime(tmp_path / "other", (1, 1))
    mine.publish(tmp_path / "other")
    mine.release()
    assert index.read_bytes() == b"new index"
    assert index.stat().st_mtime == 1, "an index is only copied with its time"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["index", "other"]


def test_only_the_lock_that_was_seen_is_stale(tmp_path: Path):
    path = tmp_path / "x.lock"
    assert identify([path]) == ()
    path.write_text("")
    (seen,) = identify([path])
    remove_stale([Lock(seen.path, seen.device, seen.inode, seen.mtime_ns + 1)])
    remove_stale([Lock(seen.path, seen.device, seen.inode + 1, seen.mtime_ns)])
    assert path.exists()
    remove_stale([seen])
    remove_stale([seen])
    assert not path.exists()


def test_a_repository_of_ours_names_no_program(tmp_path: Path):
    write_repository(tmp_path / "r", Form("sha256", filemode=False), bare=True, head="ref: refs/heads/none")
    config = (tmp_path / "r" / "config").read_text()
    assert "objectFormat = sha256" in config and "fileMode = false" in config
    assert not (tmp_path / "r" / "hooks").exists()
    assert (tmp_path / "r" / "info" / "attributes").read_text() == ATTRIBUTES
    for attribute in ("filter", "diff", "merge", "text", "eol", "ident", "working-tree-encoding"):
        assert f" !{attribute}" in ATTRIBUTES


def test_writing_is_whole_or_not_at_all(tmp_path: Path):
    write_file(tmp_path / "f", b"one")
    write_file(tmp_path / "f", b"two")
    assert (tmp_path / "f").read_bytes() == b"two" and len(list(tmp_path.iterdir())) == 1


def test_discarding_a_link_spares_what_it_points_to(tmp_path: Path):
    (tmp_path / "folder").mkdir()
    os.symlink(tmp_path / "folder", tmp_path / "link")
    for name in ("link", "missing"):
        discard(tmp_path / name)
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


@given(st.lists(st.text(max_size=30), max_size=50), st.integers(60, 500))
def test_a_cut_list_fits(names: list[str], limit: int):
    lines = [f" {name.encode('utf-8', 'replace').decode()} | +1 -0 (binary)\n" for name in names]
    assert len(_cut("", lines, limit).encode()) <= limit
