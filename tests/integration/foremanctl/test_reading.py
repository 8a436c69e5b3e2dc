"""list, show, why, diff, logs, events: what stdout holds."""

import json
import os
import pty
import subprocess
import sys
from typing import Any

import grpc
import pytest
from fake_daemon import HOLD, FakeDaemon, Refusal, task

from foremand.v1 import foremand_pb2 as pb

HOSTILE = "innocent\x1b[2J\x1b]52;c;ZXZpbA==\x07\u202etxt.exe\x9b31m"


def _event(number: int, type_: str, /, **data: Any) -> pb.Event:
    return pb.Event(seq=number, at="2026-01-01T10:00:00Z", task=12, type=type_, data=json.dumps(data).encode())


def test_list_shows_who_needs_you_first(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["ListTasks"] = pb.ListTasksResponse(
        tasks=[
            task(1, state=pb.RUNNING, stage="implement", reason="attempt 2", cost_usd=0.5),
            task(2, state=pb.WAITING, stage="land", reason="approve api-owner?", waiting_for="person"),
        ]
    )
    head, first, second = ctl("list").out.splitlines()
    assert head.split() == ["ID", "STATE", "PIPELINE", "NOW", "AGE", "COST", "TITLE"]
    assert first.split()[:2] == ["2", "WAITING"]
    assert "plan+ implement+ [land]" in first
    assert "plan+ [implement] land" in second
    assert "0.50" in second


def test_list_asks_for_every_page(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.scripts["ListTasks"] = [
        pb.ListTasksResponse(tasks=[task(1)], next_page_token="more"),
        pb.ListTasksResponse(tasks=[task(2)]),
    ]
    assert ctl("list", "-q", "--state", "waiting,Running").out == "1\n2\n"
    first, second = daemon.asked("ListTasks")
    assert list(first.states) == [pb.WAITING, pb.RUNNING]
    assert second.page_token == "more"


def test_list_of_a_repository_is_of_the_whole_of_it(daemon: FakeDaemon, ctl: Any, home: Any) -> None:
    daemon.answers["ListTasks"] = pb.ListTasksResponse(tasks=[task(1)])
    (home / "repo" / "sub").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(home / "repo")], check=True)
    ctl("list", "-C", str(home / "repo" / "sub"))
    ctl("list", "-C", str(home))
    ctl("list")
    assert [request.repo for request in daemon.asked("ListTasks")] == [str(home / "repo"), str(home), ""]


def test_bare_foremanctl_is_list_and_so_are_its_aliases(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["ListTasks"] = pb.ListTasksResponse(tasks=[task(3)])
    answers = {ctl(*args).out for args in (["--format", "json"], ["ls", "--format", "json"], ["ps", "--format=json"])}
    assert [found["id"] for found in json.loads(answers.pop())] == [3]
    assert not answers


def test_an_empty_fleet_says_so_on_stderr(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["ListTasks"] = pb.ListTasksResponse()
    ended = ctl("list")
    assert (ended.out, ended.code) == ("", 0)
    assert "submit" in ended.err
    assert json.loads(ctl("list", "--format", "json").out) == []


def test_an_empty_fleet_tells_of_those_that_have_ended(daemon: FakeDaemon, ctl: Any) -> None:
    ended = [task(1, state=pb.LANDED), task(2, state=pb.FAILED)]
    daemon.answers["ListTasks"] = lambda request: pb.ListTasksResponse(tasks=ended if request.all else [])
    assert ctl("list").err == "no task is alive; 2 have ended: foremanctl list --all\n"
    (home_,) = {request.repo for request in daemon.asked("ListTasks")}
    assert home_ == ""
    said = ctl("list", "--state", "running,waiting").err
    assert said == "no task is RUNNING or WAITING; there are 2: foremanctl list --all\n"
    ended.pop()
    assert "; 1 has ended: " in ctl("list").err
    assert ctl("list", "-q").out + ctl("list", "--format", "json").out == "[]\n"


def test_a_piped_list_is_whole_and_in_columns(daemon: FakeDaemon, ctl: Any) -> None:
    stages = [f"a-stage-with-a-long-name-{n}" for n in range(3)]
    daemon.answers["ListTasks"] = pb.ListTasksResponse(
        tasks=[
            task(1, state=pb.RUNNING, stages=stages, stage=stages[1], reason="r" * 200, title="t" * 200),
            task(22, state=pb.RUNNING, reason="short", title="title"),
        ]
    )
    head, first, second = ctl("list").out.splitlines()
    assert f"{stages[0]}+ [{stages[1]}] {stages[2]} land" in first
    assert "r" * 200 in first
    assert first.endswith("t" * 200)
    assert "…" not in first
    for name in ("STATE", "PIPELINE", "NOW", "TITLE"):
        at = head.index(name)
        assert first[at - 2 : at] == second[at - 2 : at] == "  "
        assert first[at] != " "
        assert second[at] != " "


def test_show_names_what_was_sent_and_who_heard_it(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["GetTask"] = pb.TaskDetail(task=task(12, state=pb.RUNNING))
    said = [_event(n, "Said", by="ann", message=text, key=f"k{n}") for n, text in ((1, "look here"), (2, "and there"))]
    daemon.scripts["ListEvents"] = [
        pb.ListEventsResponse(events=said[:1], more=True),
        pb.ListEventsResponse(events=[*said[1:], _event(3, "Heard", number=4, key="k1")]),
    ] * 2
    first, second = json.loads(ctl("show", "12", "--format", "json").out)["messages"]
    assert (first["message"], first["by"], first["attempt"]) == ("look here", "ann", 4)
    assert (second["attempt"], second["heard_at"]) == (None, None)
    assert [request.after for request in daemon.asked("ListEvents")] == [0, 1]
    out = ctl("show", "12").out
    assert "attempt 4 heard it as it worked: look here" in out
    assert "no attempt has heard it yet: and there" in out


def test_show_names_the_limits_and_the_worst_case(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["GetTask"] = pb.TaskDetail(
        task=task(12, state=pb.RUNNING),
        limits=pb.Limits(cost_usd=5, wall_clock=7200),
        worst_case=pb.WorstCase(agent_runs=4, cost_usd=2.5),
    )
    out = ctl("show", "12").out
    assert "cost_usd=5 wall_clock=2h" in out
    assert "4 more agent runs, $2.50 more" in out
    assert json.loads(ctl("show", "12", "--format", "json").out)["limits"] == {"cost_usd": 5, "wall_clock": 7200}


def test_show_is_one_object_with_the_stable_names(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["GetTask"] = pb.TaskDetail(
        task=task(12, state=pb.WAITING, gates=[pb.Gate(name="tests", kind="command", stage="implement")]),
        prompt="do it",
        attempts=[pb.Attempt(stage="plan", number=1, agent="claude", outcome="done", exit_code=0, cost_usd=0.0)],
        approvals=[pb.Approval(gate="g", decision="approved", revision="abc", by="ann", at="2026-01-01T00:00:00Z")],
    )
    shown = json.loads(ctl("show", "12", "--format", "json").out)
    assert shown["state"] == "WAITING"
    assert shown["cost_usd"] is None
    assert shown["gates"][0]["verdict"] is None
    assert shown["attempts"][0]["cost_usd"] == 0
    assert shown["attempts"][0]["exit_code"] == 0
    assert shown["approvals"][0]["by"] == "ann"
    assert len(ctl("show", "12", "--format", "jsonl").out.splitlines()) == 1


def test_show_for_people_names_everything_and_lets_nothing_act(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["GetTask"] = pb.TaskDetail(
        task=task(12, state=pb.WAITING, title=HOSTILE, reason=HOSTILE, unsandboxed=True),
        prompt="first\nsecond " + HOSTILE,
        attempts=[pb.Attempt(stage="plan", number=1, agent="claude", reason=HOSTILE)],
        notes=["left out: build/"],
        feedback="2 failed",
    )
    out = ctl("show", "12").out
    for part in ("unsandboxed", "left out: build/", "2 failed", "  second ", "attempts", "running"):
        assert part in out
    assert not set(out) & {"\x1b", "\x07", "\x9b", "\u202e"}


def test_why_names_what_would_move_it(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["ExplainTask"] = pb.Explanation(
        task=task(12, state=pb.WAITING, reason="approve api-owner?"),
        lines=["gate api-owner wants a person"],
        commands=["foremanctl approve 12 api-owner"],
    )
    assert ctl("why", "12").out.splitlines()[-1].strip() == "foremanctl approve 12 api-owner"
    assert json.loads(ctl("why", "12", "--format", "json").out)["commands"] == ["foremanctl approve 12 api-owner"]


def test_why_says_it_once(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["ExplainTask"] = pb.Explanation(
        task=task(12, state=pb.WAITING, reason="stuck: the tests fail"),
        lines=["task 12 is WAITING: stuck: the tests fail", "it stands at stage implement"],
    )
    out = ctl("why", "12").out
    assert out == "task 12 is WAITING: stuck: the tests fail\n  it stands at stage implement\n"


def test_an_empty_log_says_so(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["ReadLog"] = [pb.LogChunk(attempt=1)]
    assert (ctl("logs", "12").out, ctl("logs", "12").err) == ("", "nothing was printed\n")
    assert ctl("logs", "12", "--format", "json").out == "[]\n"


def test_why_names_overlapping_tasks(daemon: FakeDaemon, ctl: Any) -> None:
    other = pb.Overlap(id=9, title="other", files=["src/a.py"], conflicts=["src/a.py"])
    daemon.answers["ExplainTask"] = pb.Explanation(task=task(12, overlaps=[other]), lines=["it runs"])
    assert "touches src/a.py with 9; would conflict (other)" in ctl("why", "12").out
    (found,) = json.loads(ctl("why", "12", "--format", "json").out)["overlaps"]
    assert found == {"id": 9, "title": "other", "files": ["src/a.py"], "conflicts": ["src/a.py"]}


def test_a_piped_diff_is_its_bytes(daemon: FakeDaemon, program: Any, home: Any) -> None:
    pieces = [b"diff --git a/x b/x\n+caf\xe9 \x1b[31m", b"\r\n-\xff\n"]
    daemon.answers["GetDiff"] = [pb.DiffChunk(data=piece, base="b", revision="r") for piece in pieces]
    done = subprocess.run([sys.executable, "-m", "foremanctl", "diff", "12", "--attempt", "2"], capture_output=True)
    assert done.stdout == b"".join(pieces)
    assert daemon.asked("GetDiff")[0].attempt == 2


SEEN, OTHER = "a1b2c3d" + "0" * 33, "a1b2fff" + "0" * 33


def _seen(daemon: FakeDaemon) -> None:
    attempts = [pb.Attempt(number=n, revision=each) for n, each in enumerate((SEEN, OTHER), 1)]
    daemon.answers["GetTask"] = pb.TaskDetail(task=task(12, revision="d" * 40), attempts=attempts, base="b" * 40)
    daemon.answers["GetDiff"] = [pb.DiffChunk(base=SEEN, revision="d" * 40), pb.DiffChunk(data=b"+new\n")]


def test_a_diff_since_a_revision_names_it_whole(daemon: FakeDaemon, program: Any, ctl: Any) -> None:
    _seen(daemon)
    assert program("diff", "12", "--since", "A1B2C3D").out == "+new\n"
    assert program("diff", "12", "--since", SEEN).out == "+new\n"
    earlier = "e" * 40  # one that it had at landing: the daemon knows
    assert program("diff", "12", "--since", earlier).out == "+new\n"
    assert [request.since for request in daemon.asked("GetDiff")] == [SEEN, SEEN, earlier]


@pytest.mark.parametrize("unknown", ["abcdef1", "main", "HEAD~1", "b" * 7, "g" * 40])
def test_a_diff_since_what_it_never_was_is_4(daemon: FakeDaemon, ctl: Any, unknown: str) -> None:
    _seen(daemon)
    ended = ctl("diff", "12", "--since", unknown)
    assert ended.code == 4
    assert f"task 12 has no revision {unknown!r}" in ended.err
    assert "a1b2c3d00000, a1b2fff00000, dddddddddddd" in ended.err
    assert "what to do: foremanctl show 12" in ended.err
    assert not daemon.asked("GetDiff")


def test_a_diff_since_what_could_be_several_asks_for_more(daemon: FakeDaemon, ctl: Any) -> None:
    _seen(daemon)
    ended = ctl("diff", "12", "--since", "a1b2")
    assert ended.code == 2
    assert "more digits" in ended.err
    for other in (["--stat"], ["--attempt", "1"], ["--since-approval"]):
        assert ctl("diff", "12", "--since", SEEN, *other).code == 2
    assert not daemon.asked("GetDiff")


def test_a_diff_without_a_change_says_so(daemon: FakeDaemon, program: Any) -> None:
    _seen(daemon)
    daemon.answers["GetDiff"] = [pb.DiffChunk(base=SEEN, revision=SEEN)]
    ended = program("diff", "12", "--since", SEEN)
    assert (ended.out, ended.err) == ("", "nothing has changed\n")


def test_a_diff_on_a_terminal_is_coloured_and_harmless(daemon: FakeDaemon, home: Any) -> None:
    daemon.answers["GetDiff"] = [pb.DiffChunk(data=b"@@ -1 +1 @@\n+new \x1b]0;title\x07\n")]
    code, shown = _on_terminal(["diff", "12"], NO_COLOR="")
    assert code == 0
    assert "\x1b[32m+new \\x1b]0;title\\x07" in shown
    code, shown = _on_terminal(["diff", "12"], NO_COLOR="1")
    assert "\x1b" not in shown


def test_raw_logs_are_bytes_and_others_harmless(daemon: FakeDaemon, program: Any, ctl: Any) -> None:
    daemon.answers["ReadLog"] = [
        pb.LogChunk(data=b"one\x1b[2J\ncaf\xc3", attempt=1),
        pb.LogChunk(data=b"\xa9\n", attempt=1),
    ]
    assert ctl("logs", "12").out == "one\\x1b[2J\ncafé\n"
    done = subprocess.run([sys.executable, "-m", "foremanctl", "logs", "12", "--raw"], capture_output=True)
    assert done.stdout == b"one\x1b[2J\ncaf\xc3\xa9\n"
    lines = [json.loads(line) for line in ctl("logs", "12", "--format", "jsonl").out.splitlines()]
    assert [line["line"] for line in lines] == ["one\\x1b[2J", "café"]


def test_logs_choose_one(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["ReadLog"] = [pb.LogChunk(data=b"x")]
    ctl("logs", "12", "--gate", "tests")
    ctl("logs", "12", "--stage", "plan", "--attempt", "3")
    ctl("logs", "12", "--setup")
    gate, stage, setup = daemon.asked("ReadLog")
    assert gate.gate == "tests"
    assert (stage.stage, stage.attempt) == ("plan", 3)
    assert setup.setup
    assert ctl("logs", "12", "--gate", "tests", "--setup").code == 2


def test_events_without_f_end_at_now(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.scripts["Watch"] = [
        [pb.WatchResponse(cursor=3), HOLD],
        [
            pb.WatchResponse(cursor=2, events=[_event(1, "TaskSubmitted", title="t", at=9.5, seq=77), _event(2, "X")]),
            pb.WatchResponse(cursor=4, events=[_event(3, "Landed", commit="c0ffee"), _event(4, "Later")]),
            HOLD,
        ],
    ]
    events = [json.loads(line) for line in ctl("events", "--format", "jsonl").out.splitlines()]
    assert [event["seq"] for event in events] == [1, 2, 3]
    assert events[0] == {"seq": 1, "at": "2026-01-01T10:00:00Z", "task": 12, "type": "TaskSubmitted", "title": "t"}
    assert events[2]["commit"] == "c0ffee"


def test_events_of_one_task(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.scripts["ListEvents"] = [
        pb.ListEventsResponse(events=[_event(3, "X")], more=True),
        pb.ListEventsResponse(events=[_event(5, "Landed", commit="c0ffee")]),
    ]
    events = [json.loads(line) for line in ctl("events", "12", "--after", "2", "--format", "jsonl").out.splitlines()]
    assert [event["seq"] for event in events] == [3, 5]
    assert [(sent.id, sent.after) for sent in daemon.asked("ListEvents")] == [(12, 2), (12, 3)]
    daemon.answers["ListEvents"] = Refusal(grpc.StatusCode.NOT_FOUND, "there is no task 99")
    assert ctl("events", "99").code == 4


def test_events_behind_the_last_are_none(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["Watch"] = [pb.WatchResponse(cursor=3), HOLD]
    assert json.loads(ctl("events", "--after", "3", "--format", "json").out) == []


def test_events_for_people_are_one_line_each(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.scripts["Watch"] = [
        [pb.WatchResponse(cursor=1), HOLD],
        [
            pb.WatchResponse(
                cursor=1,
                events=[
                    _event(1, "VerdictGiven", gate="tests", stage="land", verdict="fail", reason="2\nfailed\x1b[1m")
                ],
            )
        ],
    ]
    (line,) = ctl("events").out.splitlines()
    assert "VerdictGiven" in line
    assert line.endswith("land: gate tests: fail, 2 failed\\x1b[1m")


def test_a_reader_who_has_had_enough_is_no_error(daemon: FakeDaemon, home: Any) -> None:
    daemon.answers["ReadLog"] = [pb.LogChunk(data=b"x" * 65536 + b"\n") for _ in range(64)]
    reader = subprocess.Popen(
        [sys.executable, "-m", "foremanctl", "logs", "12", "--raw"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert reader.stdout and reader.stderr
    reader.stdout.read(10)
    reader.stdout.close()
    assert reader.stderr.read() == b""
    reader.stderr.close()
    assert reader.wait(20) == 0


def test_a_thousand_tasks_are_listed_at_once(daemon: FakeDaemon, program: Any) -> None:
    tasks = [task(n, state=pb.WAITING, reason="approve api-owner?", waiting_for="person") for n in range(1, 1001)]
    daemon.answers["ListTasks"] = pb.ListTasksResponse(tasks=tasks)
    best = 9.0
    for _ in range(3):
        begin = sum(os.times()[2:4])  # what children have used
        assert len(program("list").out.splitlines()) == 1001
        best = min(best, sum(os.times()[2:4]) - begin)
    assert best > 0
    assert best < 1.0  # of the processor; the budget of 0.25 s is measured in tests/bench, this only catches a blunder


def test_errors_of_later_versions_are_shown_not_raised(daemon: FakeDaemon, ctl: Any) -> None:
    import grpc

    daemon.answers["GetTask"] = Refusal(grpc.StatusCode.DATA_LOSS, "the journal is damaged\x1b[2J")
    ended = ctl("show", "12")
    assert ended.code == 1
    assert "the journal is damaged\\x1b[2J" in ended.err


@pytest.mark.parametrize("columns", [50, 80, 120, 200])
def test_on_a_terminal_each_task_has_one_line(daemon: FakeDaemon, home: Any, columns: int) -> None:
    daemon.answers["ListTasks"] = pb.ListTasksResponse(
        tasks=[task(n, state=pb.RUNNING, stage="plan", reason="r" * 90, title="長い題" * 40) for n in (1, 2)]
    )
    code, shown = _on_terminal(["list"], COLUMNS=str(columns), NO_COLOR="1")
    assert code == 0
    lines = shown.splitlines()
    assert len(lines) == 3
    assert all(len(line) <= columns for line in lines)


def _on_terminal(args: list[str], **env: str) -> tuple[int, str]:
    """Runs foremanctl on a terminal of its own, with `cat` for a pager."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "foremanctl", *args],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "PAGER": "cat", "TERM": "xterm", **env},
        start_new_session=True,
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the other side is closed
            break
        shown += piece
    os.close(ours)
    return child.wait(20), shown.decode().replace("\r\n", "\n")
