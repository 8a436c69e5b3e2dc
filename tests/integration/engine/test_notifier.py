"""Telling the user through real commands and servers: once, with what they need, and never in anybody's way."""

import asyncio
import json
import os
import socket
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from foremand.core import facts as f
from foremand.core.task import Task
from foremand.engine import notifier as module
from foremand.engine import telling
from foremand.engine.ledger import Ledger
from foremand.engine.notifier import Notifier
from foremand.journal import Journal, JournalError
from foremand.settings import Notify

WRITE = """
import json, os, sys
said = {name: os.environ.get("FOREMAND_" + name) for name in ("TASK", "STATE", "REASON", "TEXT")}
with open(sys.argv[1], "a") as file:
    file.write(json.dumps({"message": json.load(sys.stdin), **said}) + "\\n")
"""


def describe(task: Task) -> dict[str, Any]:
    return {"id": task.id, "title": task.submitted.title}


class Desk:
    """A ledger with a notifier that tells by a command, and what the command was told."""

    def __init__(self, top: Path, journal: Journal) -> None:
        self.file = top / "told"
        self.journal = journal
        self.command = Notify(command=(sys.executable, "-c", WRITE, str(self.file)))
        self.now = 1000.0

    @asynccontextmanager
    async def open(self, notify: Notify | None = None, **more: Any) -> AsyncIterator[tuple[Ledger, Notifier]]:
        """A daemon's life."""
        async with asyncio.TaskGroup() as group:
            ledger = Ledger(self.journal, group, clock=lambda: self.now)
            await asyncio.to_thread(ledger.load)
            notify = self.command if notify is None else notify
            notifier = Notifier(ledger, notify, more.get("describe", describe), group)
            notifier.start()
            yield ledger, notifier
            await quiet(notifier)
            await notifier.close()

    def told(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []

    def facts(self, kind: type[f.Fact]) -> list[Any]:
        return [entry.fact for entry in self.journal.facts(task=1) if isinstance(entry.fact, kind)]

    def outcomes(self) -> list[str]:
        return [fact.outcome for fact in self.facts(f.Notified)]


async def quiet(notifier: Notifier) -> None:
    """Returns once nothing is being told, within a minute."""
    async with asyncio.timeout(60):
        while notifier._telling:
            await asyncio.wait(tuple(notifier._telling.values()))
            await asyncio.sleep(0)


async def submit(ledger: Ledger, at: float = 1000.0) -> None:
    await ledger.submit(f.TaskSubmitted(task=1, at=at, title="Add X", prompt="p", repo="/r", into="main"))


async def wait_for_a_person(ledger: Ledger) -> None:
    for _ in range(3):
        await ledger.record(f.Troubled(task=1, at=ledger.now(), step="start", reason="disk full"))


async def fail(ledger: Ledger, at: float = 1000.0) -> None:
    await ledger.record(f.TaskEnded(task=1, at=at, state="FAILED", reason="so it is"))


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """These servers stand on this machine."""
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with Journal.open(tmp_path / "journal.db") as journal:
        yield Desk(tmp_path, journal)


async def test_the_command_hears_what_it_is_and_how_to_answer(desk: Desk) -> None:
    async with desk.open() as (ledger, notifier):
        await submit(ledger)
        await quiet(notifier)
        assert desk.told() == []
        await wait_for_a_person(ledger)
        await quiet(notifier)
        (told,) = desk.told()
        text = told["message"].pop("text")
        assert told["message"] == {"id": 1, "title": "Add X", "commands": told["message"]["commands"]}
        assert "foremanctl retry 1" in told["message"]["commands"]
        assert text == told["TEXT"]
        assert text.startswith("task 1 WAITING: error: disk full\nAdd X\n\nforemanctl retry 1")
        assert [told[name] for name in ("TASK", "STATE", "REASON")] == ["1", "WAITING", "error: disk full"]
        await fail(ledger)
    assert [told["STATE"] for told in desk.told()] == ["WAITING", "FAILED"]
    assert desk.outcomes() == ["sent", "sent"]


async def test_that_it_will_be_told_is_written_before_and_how_it_went_after(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    async def tell(*_: Any) -> str:
        seen.append((len(desk.facts(f.NotifyRequested)), len(desk.facts(f.Notified))))
        return "sent"

    monkeypatch.setattr(module, "tell", tell)
    async with desk.open() as (ledger, _):
        await submit(ledger)
        await fail(ledger)
    assert seen == [(1, 0)]
    assert len(desk.facts(f.Notified)) == 1


async def test_nothing_is_told_twice_and_nothing_is_forgotten_over_restarts(desk: Desk) -> None:
    async with desk.open(Notify()) as (ledger, _):
        await submit(ledger)
        await wait_for_a_person(ledger)
    assert desk.facts(f.NotifyRequested) == [], "nobody wants to be told"
    async with desk.open():
        pass
    assert [told["STATE"] for told in desk.told()] == ["WAITING"], "it was waiting all the time"
    async with desk.open() as (ledger, _):
        await ledger.record(f.Notified(task=1, at=1.0, key="another", outcome="sent"))
    assert len(desk.told()) == 1


async def test_a_daemon_that_died_in_between_leaves_it_untold(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def dies(*_: Any) -> str:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(module, "tell", dies)
        async with desk.open() as (ledger, _):
            await submit(ledger)
            await wait_for_a_person(ledger)
    assert (len(desk.facts(f.NotifyRequested)), desk.outcomes()) == (1, [])
    async with desk.open():
        pass
    assert desk.told() == []


async def test_an_end_of_long_ago_is_no_news(desk: Desk) -> None:
    async with desk.open(Notify()) as (ledger, _):
        await submit(ledger)
        await fail(ledger)
    desk.now += module.NEWS + 1.0
    async with desk.open() as (ledger, _):
        await ledger.record(f.Notified(task=1, at=desk.now, key="another", outcome="sent"))
        await ledger.record(f.Retried(task=1, at=desk.now, by="ann", stage="implement"))
        await fail(ledger, at=desk.now)
    assert [told["STATE"] for told in desk.told()] == ["FAILED"], "only the second time"


async def test_what_has_passed_meanwhile_is_not_told(desk: Desk, tmp_path: Path) -> None:
    script = f"echo $FOREMAND_STATE >> {desk.file}; until [ -e {tmp_path}/go ]; do sleep 0.02; done"
    slow = Notify(command=("sh", "-c", script))
    async with desk.open(slow) as (ledger, _):
        await submit(ledger)
        await wait_for_a_person(ledger)
        await ledger.record(f.Retried(task=1, at=2000.0, by="ann", stage="land"))
        await wait_for_a_person(ledger)  # while the first message is under way
        await fail(ledger)
        (tmp_path / "go").touch()
    assert desk.file.read_text().split() == ["WAITING", "FAILED"]


@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        (("sh", "-c", "echo one >&2; echo two >&2; exit 3"), "failed: exit 3: two"),
        (("sh", "-c", "exit 4"), "failed: exit 4"),
        (("sh", "-c", "kill -9 $$"), "failed: exit -9"),
        (("/no/such/program",), "failed: /no/such/program: No such file or directory"),
        (("/",), "failed: /: Permission denied"),
        (("sh", "-c", "exec < /dev/null; true"), "sent"),
    ],
)
async def test_how_a_command_went_is_written(desk: Desk, command: tuple[str, ...], outcome: str) -> None:
    async with desk.open(Notify(command=command)) as (ledger, _):
        await submit(ledger)
        await fail(ledger)
    assert desk.outcomes() == [outcome]
    async with desk.open(Notify(command=command)):
        pass
    assert desk.outcomes() == [outcome], "it is not tried again"


def alive(name: str) -> list[int]:
    """Processes with this word in their command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if name.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(int(pid))
        except OSError:
            continue
    return found


async def gone(name: str) -> None:
    async with asyncio.timeout(60):
        while alive(name):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.02)


async def test_a_command_that_hangs_is_ended_with_all_it_started(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "COMMAND_SECONDS", 0.5)
    word = f"610.{os.getpid()}"
    command = Notify(command=("sh", "-c", f"setsid sleep {word} & sleep {word}"))
    async with desk.open(command) as (ledger, _):
        await submit(ledger)
        await fail(ledger)
    assert desk.outcomes() == ["failed: it was still running after 0.5 s"]
    await gone(word)


async def test_a_command_that_leaves_something_behind_is_not_waited_for(desk: Desk) -> None:
    word = f"62.{os.getpid()}"
    async with desk.open(Notify(command=("sh", "-c", f"sleep {word} & true"))) as (ledger, _):
        await submit(ledger)
        await fail(ledger)
    assert desk.outcomes() == ["sent"]
    for pid in alive(word):
        os.kill(pid, 9)


async def test_a_daemon_that_stops_waits_for_a_moment_alone(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CLOSING", 0.1)
    word = f"630.{os.getpid()}"
    async with desk.open(Notify(command=("sleep", word))) as (ledger, notifier):
        await submit(ledger)
        await fail(ledger)
        async with asyncio.timeout(60):
            while not alive(word):  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(0.01)
        async with asyncio.timeout(telling.COMMAND_SECONDS / 2):  # a command may take all of it
            await notifier.close()
    await gone(word)
    assert desk.outcomes() == []


async def test_without_the_fact_nothing_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk.open() as (ledger, notifier):
        await submit(ledger)
        record = ledger.record

        async def full(*facts: f.AnyFact) -> None:
            if isinstance(facts[0], f.NotifyRequested):
                raise JournalError("disk full")
            await record(*facts)

        monkeypatch.setattr(ledger, "record", full)
        await fail(ledger)
        await quiet(notifier)
        assert desk.told() == []


async def test_a_mistake_of_our_own_takes_nobody_along(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    def broken(task: Task) -> dict[str, Any]:
        raise ZeroDivisionError

    async with desk.open(describe=broken) as (ledger, _):
        await submit(ledger)
        await fail(ledger)
    assert "cannot be told of" in caplog.text
    assert desk.facts(f.NotifyRequested) == []


class Server(HTTPServer):
    """Answers by its paths, and keeps what it got."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[tuple[str, str, Any]] = []

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((self.path, self.headers["Content-Type"], json.loads(body)))
        self.send_response({"/broken": 500, "/moved": 302}.get(self.path, 204))
        if self.path == "/moved":
            self.send_header("Location", self.server.url("/elsewhere"))
        self.end_headers()

    def do_GET(self) -> None:
        self.server.got.append((self.path, "", None))

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


async def test_addresses_get_the_message(desk: Desk, server: Server) -> None:
    async with desk.open(Notify(urls=(server.url("/a"), server.url("/b?x=1")))) as (ledger, _):
        await submit(ledger)
        await fail(ledger)
    assert sorted(path for path, _, _ in server.got) == ["/a", "/b?x=1"]
    for _, kind, message in server.got:
        assert kind == "application/json"
        assert message["id"] == 1
        assert "foremanctl retry 1" in message["text"]
    assert desk.outcomes() == ["sent"]


@pytest.mark.parametrize(("path", "why"), [("/broken", "HTTP 500"), ("/moved", "HTTP 302")])
async def test_a_server_that_does_not_take_it_is_said_without_the_secret_in_its_address(
    desk: Desk, server: Server, path: str, why: str
) -> None:
    async with desk.open(Notify(urls=(server.url(path), server.url("/fine")))) as (ledger, _):
        await submit(ledger)
        await fail(ledger)
    assert desk.outcomes() == [f"failed: 127.0.0.1: {why}"]
    assert sorted(got for got, _, _ in server.got) == sorted([path, "/fine"])


async def test_a_server_that_is_not_there_is_said(desk: Desk, server: Server) -> None:
    async with desk.open(Notify(urls=("http://127.0.0.1:1/secret", "http://127.0.0.1:x/secret"))) as (ledger, _):
        await submit(ledger)
        await fail(ledger)
    (outcome,) = desk.outcomes()
    assert "refused" in outcome
    assert "InvalidURL" in outcome
    assert "secret" not in outcome


async def test_a_server_that_never_answers_is_left(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "POST_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        async with desk.open(Notify(urls=(f"http://127.0.0.1:{mute.getsockname()[1]}/",))) as (ledger, _):
            await submit(ledger)
            await fail(ledger)
    assert desk.outcomes() == ["failed: 127.0.0.1: no answer"]
