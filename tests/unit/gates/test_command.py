"""What the end of a gate's process amounts to: everything that is no explicit pass is closed."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from foremand.core.spec import Gate
from foremand.gates.command import Finished, clear, judge
from foremand.gates.junit import LIMIT


def gate(**keys: Any) -> Gate:
    return Gate(name="g", kind="command", definition="d", run="true", **keys)


def ended(code: int | None = 0, **keys: Any) -> Finished:
    return Finished(**{"why": "exited", "code": code, **keys})


@pytest.mark.parametrize(
    ("finished", "result"),
    [
        (ended(0), "pass"),
        (ended(1), "fail"),
        (ended(5), "fail"),
        (ended(125), "fail"),
        (ended(126), "error"),
        (ended(127), "error"),
        (ended(128), "fail"),
        (ended(137), "error"),
        (ended(192), "error"),
        (ended(255), "fail"),
        (ended(None), "error"),
        (ended(None, signal=9), "error"),
        (ended(0, signal=15), "error"),
        (ended(0, why="deadline"), "error"),
        (ended(0, why="stopped"), "error"),
        (ended(None, why="not-started"), "error"),
    ],
)
def test_only_exit_0_by_itself_opens(tmp_path: Path, finished: Finished, result: str) -> None:
    assert judge(gate(), finished, tmp_path).result == result


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("<testsuite><testcase/></testsuite>", "pass"),
        ("<testsuites><testsuite><testcase/></testsuite></testsuites>", "pass"),
        ("<testsuite tests='9'/>", "fail"),
        ("<testsuite><testcase><skipped/></testcase></testsuite>", "fail"),
        ("<testsuite><testcase/><testcase><error/></testcase></testsuite>", "fail"),
        ("<!DOCTYPE x [<!ENTITY e 'e'>]><testsuite><testcase/></testsuite>", "fail"),
        ("<testsuite>", "fail"),
        ("", "fail"),
        (None, "fail"),
    ],
)
def test_a_report_must_count_tests(tmp_path: Path, text: str | None, result: str) -> None:
    if text is not None:
        (tmp_path / "r.xml").write_text(text)
    assert judge(gate(junit="r.xml"), ended(0), tmp_path).result == result
    assert judge(gate(junit="r.xml"), ended(1), tmp_path).result == "fail"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_report_that_declares_entities_is_none_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    text = "<!DOCTYPE x [<!ENTITY e '<testcase/>'>]><testsuite><testcase/>&e;</testsuite>"
    (tmp_path / "r.xml").write_bytes(text.encode(encoding))
    judged = judge(gate(junit="r.xml"), ended(0), tmp_path)
    assert (judged.result, "declares entities" in judged.reason) == ("fail", True)
    (tmp_path / "r.xml").write_bytes("<testsuite><testcase/></testsuite>".encode("utf-16"))
    assert judge(gate(junit="r.xml"), ended(0), tmp_path).result == "pass"


def test_a_report_that_is_a_pipe_keeps_nobody_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "r.xml")
    judged = judge(gate(junit="r.xml"), ended(0), tmp_path)
    assert (judged.result, "not a regular file" in judged.reason) == ("fail", True)


@pytest.mark.parametrize(
    ("inner", "problem"),
    [(b"<testcase><failure/></testcase>", "read"), (b"<a>", "deeper"), (b"<a b='" + b"c" * LIMIT, "read")],
)
def test_a_report_of_any_size_costs_little(tmp_path: Path, inner: bytes, problem: str) -> None:
    text = b"<testsuite>" + inner * (LIMIT // len(inner) + 1)
    (tmp_path / "r.xml").write_bytes(text)
    assert "larger than" in judge(gate(junit="r.xml"), ended(0), tmp_path).reason
    (tmp_path / "r.xml").write_bytes(text[:LIMIT])
    began = time.process_time()
    assert problem in judge(gate(junit="r.xml"), ended(0), tmp_path).reason
    assert time.process_time() - began < 5  # it takes well under one


def test_a_report_through_a_link_is_none(tmp_path: Path) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    tree.mkdir()
    outside.mkdir()
    (outside / "r.xml").write_text("<testsuite><testcase/></testsuite>")
    (tree / "r.xml").symlink_to(outside / "r.xml")
    (tree / "reports").symlink_to(outside)
    for name in ("r.xml", "reports/r.xml"):
        assert judge(gate(junit=name), ended(0), tree).result == "fail"


def test_what_lies_there_before_the_gate_runs_is_taken_away_and_nothing_else(tmp_path: Path) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    tree.mkdir()
    outside.mkdir()
    (outside / "r.xml").write_text("the user's")
    (tree / "old.xml").write_text("<testsuite><testcase/></testsuite>")
    (tree / "link.xml").symlink_to(outside / "r.xml")
    (tree / "reports").symlink_to(outside)
    for name in ("old.xml", "link.xml", "reports/r.xml", "absent.xml", "absent/r.xml"):
        clear(gate(junit=name), tree)
        assert judge(gate(junit=name), ended(0), tree).result == "fail"
    clear(gate(), tree)
    assert (outside / "r.xml").read_text() == "the user's"
    assert sorted(path.name for path in tree.iterdir()) == ["reports"]
