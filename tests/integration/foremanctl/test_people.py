"""submit and what people answer: what is sent, what is refused before it is sent, what is asked."""

import json
import subprocess
from pathlib import Path
from typing import Any

import grpc
import pytest
from fake_daemon import HOLD, FakeDaemon, Refusal, task
from terminal import on_terminal

from foremand.v1 import foremand_pb2 as pb


@pytest.fixture
def waiting(daemon: FakeDaemon) -> FakeDaemon:
    """Task 12 waits at two human gates."""
    gates = [
        pb.Gate(name=name, kind="human", stage="land", verdict="waiting", revision="a1b2c3d4e5f6", reason="names ok?")
        for name in ("api-owner", "final-review")
    ]
    gates.append(pb.Gate(name="tests", kind="command", stage="land", verdict="pass", revision="a1b2c3d4e5f6"))
    daemon.answers |= {
        "GetTask": pb.TaskDetail(
            task=task(
                12, state=pb.WAITING, waiting_for="person", gates=gates, revision="a1b2c3d4e5f6", unsandboxed=True
            )
        ),
        "GetDiff": [pb.DiffChunk(data=b" shop/api.py | 12 ++++++\x1b[1A\n")],
        "ApproveTask": task(12, state=pb.LANDING, reason="in the queue"),
    }
    return daemon


def _repository(folder: Path) -> Path:
    folder.mkdir()
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    me = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "commit.gpgSign=false"]
    subprocess.run(["git", *me, "-C", str(folder), "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    (folder / "new file").write_text("x")
    return folder


def test_submit_sends_everything_and_prints_the_id(daemon: FakeDaemon, ctl: Any, home: Path, monkeypatch: Any) -> None:
    daemon.answers["SubmitTask"] = task(7, state=pb.QUEUED)
    monkeypatch.setenv("A_VALUE", "of mine")
    repo = _repository(home / "repo")
    pipeline = home / "pipeline.toml"
    pipeline.write_text("version = 1\n")
    args = ["-C", str(repo), "--title", "T", "--into", "next", "--pipeline", str(pipeline)]
    ended = ctl("submit", "do it", *args, "--limit", "cost_usd=2.5", "--limit", "wall_clock=45m", "--limit", "turns=9")
    assert (ended.code, ended.out) == (0, "7\n")
    assert "1 uncommitted change (1 untracked) is not part of it" in ended.err
    (sent,) = daemon.asked("SubmitTask")
    assert (sent.prompt, sent.title, sent.into) == ("do it", "T", "next")
    assert sent.repo == str(repo)
    assert sent.pipeline_file == "version = 1\n"
    assert sent.environment["A_VALUE"] == "of mine"
    assert (sent.limits.cost_usd, sent.limits.wall_clock, sent.limits.turns) == (2.5, 2700, 9)
    assert not sent.limits.HasField("attempts")
    assert len(sent.request_id) == 36


def test_submit_as_json_is_one_task(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["SubmitTask"] = task(7, state=pb.QUEUED)
    assert json.loads(ctl("submit", "x", "--format", "json").out)["id"] == 7


def test_a_prompt_of_a_megabyte_comes_through_stdin(daemon: FakeDaemon, program: Any) -> None:
    daemon.answers["SubmitTask"] = task(7)
    prompt = "é" * 500_000
    assert program("submit", "-f", "-", stdin=prompt).code == 0
    assert daemon.asked("SubmitTask")[0].prompt == prompt


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "empty"), (b" \n\t", "empty"), (b"a\0b", "NUL"), (b"caf\xe9", "not UTF-8"), (None, "cannot be read")],
)
def test_what_is_no_prompt_is_refused(daemon: FakeDaemon, ctl: Any, home: Path, content: bytes, says: str) -> None:
    if content is not None:
        (home / "prompt").write_bytes(content)
    ended = ctl("submit", "-f", str(home / "prompt"))
    assert ended.code == 2
    assert says in ended.err
    assert not daemon.asked("SubmitTask")


@pytest.mark.parametrize(
    "limit",
    [
        "cost_usd",
        "cost=2",
        "cost_usd=0",
        "cost_usd=nan",
        "turns=1.5",
        "turns=-1",
        "wall_clock=2",
        "wall_clock=0m",
        "=1",
    ],
)
def test_what_is_no_limit_is_refused(daemon: FakeDaemon, ctl: Any, limit: str) -> None:
    ended = ctl("submit", "x", "--limit", limit)
    assert ended.code == 2
    assert limit in ended.err
    assert not daemon.asked("SubmitTask")


def test_without_text_and_terminal_nobody_is_asked(daemon: FakeDaemon, program: Any) -> None:
    ended = program("submit")
    assert ended.code == 2
    assert "-f -" in ended.err


def test_the_editor_is_asked(daemon: FakeDaemon, home: Path) -> None:
    daemon.answers["SubmitTask"] = task(7)
    editor = home / "editor"
    editor.write_text('#!/bin/sh\n{ echo "Fix it"; echo "# a heading"; cat "$1"; } > "$1.new"; mv "$1.new" "$1"\n')
    editor.chmod(0o755)
    _, code = on_terminal(["submit"], [], EDITOR=str(editor), VISUAL=str(editor))
    assert code == 0
    assert daemon.asked("SubmitTask")[0].prompt == "Fix it\n# a heading"


def test_every_error_of_a_pipeline_is_shown(daemon: FakeDaemon, ctl: Any) -> None:
    errors = "the pipeline is not valid:\nstage[0].gates: no gate 'tets'\nland: never gated"
    daemon.answers["SubmitTask"] = Refusal(grpc.StatusCode.INVALID_ARGUMENT, errors, "INVALID_PIPELINE")
    ended = ctl("submit", "x")
    assert ended.code == 2
    assert all(line in ended.err for line in errors.splitlines())


def test_approve_sends_the_revision_that_was_named(waiting: FakeDaemon, ctl: Any) -> None:
    ended = ctl("approve", "12", "api-owner", "--revision", "a1b2c3d", "-m", "fine")
    assert ended.code == 0
    assert "LANDING" in ended.out
    (sent,) = waiting.asked("ApproveTask")
    assert (sent.id, sent.gate, sent.revision, sent.message) == (12, "api-owner", "a1b2c3d", "fine")


def test_approve_without_revision_off_a_terminal_is_refused(waiting: FakeDaemon, program: Any) -> None:
    ended = program("approve", "12", stdin="y\n")
    assert ended.code == 2
    assert "--revision" in ended.err
    assert not waiting.asked("ApproveTask")


def test_approve_off_a_terminal_of_no_task_is_not_found(daemon: FakeDaemon, program: Any) -> None:
    daemon.answers["GetTask"] = Refusal(grpc.StatusCode.NOT_FOUND, "there is no task 99", hint="foremanctl list")
    ended = program("approve", "99")
    assert (ended.code, "there is no task 99" in ended.err) == (4, True)


def test_approve_on_a_terminal_shows_and_asks(waiting: FakeDaemon, home: Path) -> None:
    shown, code = on_terminal(["approve", "12"], ["y"])
    assert code == 0
    for part in ("api-owner", "final-review", "a1b2c3d4e5f6", "shop/api.py", "unsandboxed", "names ok?"):
        assert part in shown
    assert "\x1b[1A" not in shown
    (sent,) = waiting.asked("ApproveTask")
    assert sent.revision == "a1b2c3d4e5f6"


@pytest.mark.parametrize("answer", ["n", "", "\x04", "\x03"])
def test_whatever_is_not_yes_approves_nothing(waiting: FakeDaemon, home: Path, answer: str) -> None:
    _, code = on_terminal(["approve", "12", "api-owner"], [answer])
    assert code == 130
    assert not waiting.asked("ApproveTask")


def test_approve_on_a_terminal_warns_before_it_asks(waiting: FakeDaemon, home: Path) -> None:
    detail = waiting.answers["GetTask"]
    detail.task.overlaps.add(id=9, title="other", files=["a\x1b[2J.py"], conflicts=["a\x1b[2J.py"])
    detail.task.gates[2].flaky = True
    detail.approvals.add(gate="api-owner", decision="approved", revision="0ldrev1s10n", by="ann")
    shown, _ = on_terminal(["approve", "12"], ["n"])
    before, _, _ = shown.partition("[y/N]")
    for part in ("touches a\\x1b[2J.py with 9; would conflict", "is flaky", "foremanctl diff 12 --since-approval"):
        assert part in before


def test_approve_of_a_gate_that_is_not_open_is_a_conflict(waiting: FakeDaemon, home: Path) -> None:
    shown, code = on_terminal(["approve", "12", "tests"], [])
    assert code == 5
    assert "not open" in shown


def test_approve_of_a_gate_that_is_none_names_the_nearest(waiting: FakeDaemon, home: Path) -> None:
    shown, code = on_terminal(["approve", "12", "api-ownr"], [])
    assert code == 4
    assert "did you mean 'api-owner'?" in shown
    assert "its gates are api-owner, final-review, tests" in shown


def test_reject_and_rework_send_the_words(daemon: FakeDaemon, ctl: Any, home: Path) -> None:
    daemon.answers |= {"RejectTask": task(12, state=pb.REJECTED), "ReworkTask": task(12, state=pb.RUNNING)}
    (home / "review.md").write_text("line 3: no\n")
    assert ctl("reject", "12", "-m", "not now").code == 0
    assert ctl("rework", "12", "-f", str(home / "review.md")).code == 0
    assert daemon.asked("RejectTask")[0].message == "not now"
    assert daemon.asked("ReworkTask")[0].message == "line 3: no\n"
    assert ctl("reject", "12", "-m", "  ").code == 2
    assert ctl("rework", "12", "-m", "x", "-f", "y").code == 2


def test_one_refusal_does_not_keep_others_from_theirs(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.scripts["CancelTask"] = [
        task(1, state=pb.CANCELLED),
        Refusal(grpc.StatusCode.FAILED_PRECONDITION, "task 2 has ended", hint="foremanctl show 2"),
        task(3, state=pb.CANCELLED),
    ]
    ended = ctl("cancel", "1", "2", "3", "--format", "json")
    assert ended.code == 5
    assert [done["id"] for done in json.loads(ended.out)] == [1, 3]
    assert "task 2 has ended" in ended.err


def test_retry_says_from_where(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["RetryTask"] = task(12, state=pb.RUNNING)
    assert ctl("retry", "12", "--stage", "plan", "--fresh", "-m", "again").code == 0
    (sent,) = daemon.asked("RetryTask")
    assert (sent.stage, sent.fresh, sent.message) == ("plan", True, "again")
    assert ctl("retry", "12", "--stage", "plan", "--gate", "tests").code == 2


def test_a_mutation_whose_connection_broke_is_repeated_with_its_id(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.scripts["CancelTask"] = [Refusal(grpc.StatusCode.UNAVAILABLE, "gone"), task(12, state=pb.CANCELLED)]
    assert ctl("cancel", "12").code == 0
    first, second = daemon.asked("CancelTask")
    assert first.request_id == second.request_id


def test_every_mutation_has_an_id_of_its_own(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["CancelTask"] = task(12)
    ctl("cancel", "1", "2")
    ctl("cancel", "1")
    assert len({sent.request_id for sent in daemon.asked("CancelTask")}) == 3


def test_submit_and_wait_gives_the_end(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers |= {
        "SubmitTask": task(7, state=pb.QUEUED),
        "Watch": [
            pb.WatchResponse(cursor=1, snapshot=[task(7, state=pb.QUEUED)]),
            pb.WatchResponse(cursor=2, tasks=[task(7, state=pb.LANDED, landed_commit="c0ffee")]),
            HOLD,
        ],
    }
    ended = ctl("submit", "x", "--wait", "--format", "json")
    assert ended.code == 0
    assert json.loads(ended.out)["landed_commit"] == "c0ffee"


ASKS = pb.Question(key="q-1", tool="Bash", text="make install\n\x1b[2Jrm -rf /", attempt=1)


@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_a_question_is_shown_whole_and_answered(daemon: FakeDaemon, home: Any, decision: str) -> None:
    daemon.answers["GetTask"] = pb.TaskDetail(task=task(12, state=pb.WAITING, questions=[ASKS]))
    daemon.answers["AnswerQuestion"] = task(12, state=pb.RUNNING)
    shown, code = on_terminal(["answer", "12", decision, "-m", "why not"], ["y"])
    assert code == 0
    assert "make install" in shown
    assert "rm -rf /" in shown
    assert "\x1b[2J" not in shown
    (sent,) = daemon.asked("AnswerQuestion")
    assert (sent.id, sent.question, sent.allow, sent.message) == (12, "q-1", decision == "allow", "why not")


def test_what_of_a_question_is_not_shown_is_said(daemon: FakeDaemon, home: Any) -> None:
    asks = pb.Question(key="q-1", tool="Bash", text="make", attempt=1, omitted=300)
    daemon.answers["GetTask"] = pb.TaskDetail(task=task(12, state=pb.WAITING, questions=[asks]))
    daemon.answers["AnswerQuestion"] = task(12, state=pb.RUNNING)
    shown, code = on_terminal(["answer", "12", "allow"], ["n"])
    assert code != 0
    assert "allow it, although 300 characters of it are not shown?" in shown
    assert not daemon.asked("AnswerQuestion")


def test_a_question_is_not_answered_unseen(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["AnswerQuestion"] = task(12, state=pb.RUNNING)
    refused = ctl("answer", "12", "allow")
    assert (refused.code, "--question" in refused.err) == (2, True)
    assert ctl("answer", "12").code == 2
    assert ctl("answer", "12", "perhaps", "--question", "q-1").code == 2
    assert not daemon.asked("AnswerQuestion")
    assert ctl("answer", "12", "deny", "--question", "q-1").code == 0
    assert not daemon.asked("AnswerQuestion")[0].allow
