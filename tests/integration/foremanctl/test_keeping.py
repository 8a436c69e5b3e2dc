"""queue, costs, prune, verify, export."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import grpc
from fake_daemon import FakeDaemon, Refusal, task
from terminal import on_terminal

from foremand.v1 import foremand_pb2 as pb

COSTS = [
    pb.Cost(day="2026-01-01", agent="claude", cost_usd=1.5, known_usd=1.5, tokens=900, attempts=3),
    pb.Cost(day="2026-01-02", agent="claude", known_usd=0.25, tokens=90, attempts=2, unknown=1),
    pb.Cost(day="2026-01-02", agent="codex", tokens=9, attempts=1, unknown=1),
]


def test_the_queue_is_in_the_order_of_the_daemon(daemon: FakeDaemon, ctl: Any, home: Path) -> None:
    daemon.answers["GetQueue"] = pb.GetQueueResponse(
        tasks=[
            task(9, state=pb.LANDING, queue_position=1, reason="lands"),
            task(4, state=pb.LANDING, queue_position=2, reason="waits for its turn"),
        ]
    )
    head, first, second = ctl("queue").out.splitlines()
    assert head.split() == ["REPOSITORY", "INTO", "NO", "ID", "NOW", "SINCE", "TITLE"]
    assert first.split()[:4] == ["/home/u/shop", "main", "1", "9"]
    assert "waits for its turn" in second
    assert ctl("queue", "-q", "-C", str(home)).out == "9\n4\n"
    assert [sent.repo for sent in daemon.asked("GetQueue")] == ["", str(home)]
    assert [each["queue_position"] for each in json.loads(ctl("queue", "--format", "json").out)] == [1, 2]


def test_an_empty_queue_says_so(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["GetQueue"] = pb.GetQueueResponse()
    ended = ctl("queue")
    assert (ended.code, ended.out) == (0, "")
    assert "nothing is about to land" in ended.err


def test_an_unknown_cost_is_never_a_number(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["GetCosts"] = pb.GetCostsResponse(costs=COSTS)
    head, *rows = ctl("costs", "--by", "day,agent").out.splitlines()
    assert head.split() == ["DAY", "AGENT", "COST", "TOKENS", "ATTEMPTS", "UNKNOWN"]
    assert rows[0].split() == ["2026-01-01", "claude", "$1.50", "900", "3"]
    assert "at least $0.25" in rows[1]
    assert "unknown" in rows[2]
    assert "0.00" not in rows[2]
    assert rows[3].startswith("all")
    assert "at least $1.75" in rows[3]
    found = json.loads(ctl("costs", "--by", "day, agent", "--format", "json").out)
    assert [each["cost_usd"] for each in found] == [1.5, None, None]
    assert list(found[0]) == ["day", "agent", "cost_usd", "known_usd", "tokens", "attempts", "unknown"]


def test_what_is_known_to_cost_nothing_says_so(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["GetCosts"] = pb.GetCostsResponse(costs=[pb.Cost(day="2026-01-01", cost_usd=0.0, attempts=1)])
    assert "$0.00" in ctl("costs").out


def test_costs_since_and_by(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["GetCosts"] = pb.GetCostsResponse()
    before = time.time()
    ctl("costs", "--since", "7d", "--by", "repo,task")
    ctl("costs")
    week, everything = daemon.asked("GetCosts")
    assert before - 7 * 86400 <= week.since <= time.time() - 7 * 86400
    assert list(week.by) == ["repo", "task"]
    assert (everything.since, list(everything.by)) == (0, ["day"])
    for args in (["--since", "soon"], ["--since", "0d"], ["--by", "weather"]):
        assert ctl("costs", *args).code == 2
    assert len(daemon.asked("GetCosts")) == 2


def test_prune_says_what_and_how_much(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["Prune"] = pb.PruneResponse(
        pruned=[
            pb.Pruned(task=3, what="workspace", path="/s/workspaces/3", bytes=1_500_000),
            pb.Pruned(what="mirror", path="/s/repos/x", bytes=500),
        ],
        keep=7 * 86400,
    )
    ended = ctl("prune", "--dry-run")
    head, first, second = ended.out.splitlines()
    assert head.split() == ["TASK", "WHAT", "SIZE", "PATH"]
    assert first.split() == ["3", "workspace", "1.5", "MB", "/s/workspaces/3"]
    assert second.split() == ["mirror", "500", "B", "/s/repos/x"]
    assert "would free 1.5 MB" in ended.err
    assert "7d" in ended.err
    assert "freed 1.5 MB" in ctl("prune").err
    dry, real = daemon.asked("Prune")
    assert (dry.dry_run, real.dry_run) == (True, False)
    assert json.loads(ctl("prune", "--format", "json").out)[1] == {
        "task": None,
        "what": "mirror",
        "path": "/s/repos/x",
        "bytes": 500,
    }
    daemon.answers["Prune"] = pb.PruneResponse(keep=60)
    nothing = ctl("prune")
    assert (nothing.out, nothing.code) == ("", 0)
    assert "nothing to remove" in nothing.err


def test_verify_fails_where_one_thing_does_not_hold(daemon: FakeDaemon, ctl: Any) -> None:
    good = pb.VerifyFinding(task=12, ok=True, check="landed", detail="main holds c0ffee")
    bad = pb.VerifyFinding(task=3, ok=False, check="revision", detail="a1b2c3 is gone\x1b[2J")
    daemon.answers["Verify"] = [pb.VerifyFinding(ok=True, check="journal"), good]
    assert ctl("verify").code == 0
    daemon.answers["Verify"] = [good, bad]
    ended = ctl("verify", "3")
    assert ended.code == 1
    assert "WRONG" in ended.out.splitlines()[1]
    assert "\x1b" not in ended.out
    assert "2 checked, 1 wrong" in ended.err
    assert [sent.id for sent in daemon.asked("Verify")] == [0, 3]
    quiet = ctl("verify", "-q")
    assert (quiet.code, quiet.out) == (1, "3\n")
    found = ctl("verify", "--format", "json")
    assert (found.code, [each["ok"] for each in json.loads(found.out)]) == (1, [True, False])


def test_a_check_that_breaks_off_is_no_success(daemon: FakeDaemon, ctl: Any) -> None:
    daemon.answers["Verify"] = [
        pb.VerifyFinding(task=12, ok=True, check="landed"),
        Refusal(grpc.StatusCode.INTERNAL, "the journal is damaged"),
    ]
    ended = ctl("verify")
    assert ended.code == 1
    assert "the journal is damaged" in ended.err
    assert "all well" not in ended.err


def test_export_writes_a_file_of_its_owner(daemon: FakeDaemon, ctl: Any, home: Path) -> None:
    daemon.answers["ExportTask"] = [pb.ExportChunk(data=b"one"), pb.ExportChunk(data=b"two")]
    ended = ctl("export", "12")
    assert (ended.code, ended.out) == (0, "foremand-12.tar.gz\n")
    written = home / "foremand-12.tar.gz"
    assert written.read_bytes() == b"onetwo"
    assert written.stat().st_mode & 0o777 == 0o600
    assert daemon.asked("ExportTask")[0].id == 12
    assert json.loads(ctl("export", "12", "-o", "other", "--format", "json").out)["bytes"] == 6


def test_export_replaces_nothing_unless_told(daemon: FakeDaemon, ctl: Any, home: Path) -> None:
    daemon.answers["ExportTask"] = [pb.ExportChunk(data=b"new")]
    (home / "foremand-12.tar.gz").write_text("mine")
    ended = ctl("export", "12")
    assert ended.code == 2
    assert "--force" in ended.err
    assert (home / "foremand-12.tar.gz").read_text() == "mine"
    assert not daemon.asked("ExportTask")
    assert ctl("export", "12", "--force").code == 0
    assert (home / "foremand-12.tar.gz").read_text() == "new"


def test_an_export_that_breaks_off_leaves_nothing(daemon: FakeDaemon, ctl: Any, home: Path) -> None:
    daemon.answers["ExportTask"] = [pb.ExportChunk(data=b"half"), Refusal(grpc.StatusCode.INTERNAL, "it broke")]
    before = sorted(home.iterdir())
    assert ctl("export", "12").code == 1
    assert sorted(home.iterdir()) == before


def test_an_export_to_where_there_is_no_folder_asks_nobody(daemon: FakeDaemon, ctl: Any, home: Path) -> None:
    ended = ctl("export", "12", "-o", str(home / "no" / "such.tar.gz"))
    assert (ended.code, "there is no folder" in ended.err) == (2, True)
    assert not daemon.asked("ExportTask")


def test_export_through_a_pipe_is_its_bytes_and_never_for_a_terminal(daemon: FakeDaemon, home: Path) -> None:
    data = bytes(range(256))
    daemon.answers["ExportTask"] = [pb.ExportChunk(data=data)]
    done = subprocess.run([sys.executable, "-m", "foremanctl", "export", "12", "-o", "-"], capture_output=True)
    assert done.stdout == data
    shown, code = on_terminal(["export", "12", "-o", "-"], [])
    assert code == 2
    assert "terminal" in shown
