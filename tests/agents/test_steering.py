"""A word to the real Claude Code as it works: folded into its turn, once, whatever becomes of the daemon."""

import json
import os
import signal

import pytest
from fleet import Fleet
from model_script import Hang, Text, Tool

from foremand.core.facts import Heard, Said
from foremand.journal import Journal

PIPELINE = """
[gate.made]
kind = "command"
run = "ls made-*.txt"

[[stage]]
name = "implement"
agent = "claude"
gates = ["made"]
"""

WORDS = 'Use "tabs", not spaces: $HOME and {{ task }} stay as they are.\n\nü — \\n and /clear too.'


@pytest.fixture
def fleet(house, model, claude_cli):
    fleet = Fleet(house, model, claude_cli)
    yield fleet
    fleet.close()


class Work:
    """A task whose agent is in the middle of a command, until it is let go."""

    def __init__(self, fleet, house, model, name, *more):
        self._fleet = fleet
        self._house = house
        self._model = model
        self._name = name
        self._go = house.root / f"go-{name}"
        self._at = house.state / "workspaces"
        house.start()
        self.repo = fleet.repo(PIPELINE)
        wait = f"touch made-{name}.txt; while [ ! -e go ]; do read -t 0.05 <> <(:) || :; done"
        steps = [Tool("Bash", {"command": wait, "description": "d"}), *more]
        self.task = fleet.submit(self.repo, name, steps)
        house.until((self.tree / f"made-{name}.txt").exists, "the agent is at work", 60)

    @property
    def tree(self):
        return self._at / str(self.task) / "tree"

    def let_go(self):
        (self.tree / "go").touch()

    def asked(self):
        return [request.text for request in self._model.requests(self._name)]

    def told(self):
        """What its shim was asked to tell it."""
        return list((self._house.state / "attempts" / str(self.task) / "1").glob("told-*"))

    def holds(self, words=WORDS):
        """Whether the agent itself has them, and not only its shim."""
        return self._fleet.holds(self.task, words)

    def transcript(self):
        lines = (self._house.state / "attempts" / str(self.task) / "1" / "out").read_bytes().splitlines()
        return [json.loads(line) for line in lines]

    async def facts(self):
        """What was said, and what was heard, by whom."""
        self._house.stop()
        async with Journal.open(self._house.state / "journal.db") as journal:
            facts = [entry.fact for entry in journal.facts()]
        said = [fact.key for fact in facts if isinstance(fact, Said)]
        return said, [(fact.number, fact.key) for fact in facts if isinstance(fact, Heard)]


async def test_a_word_in_mid_turn_reaches_the_next_request_of_that_turn(fleet, house, model):
    work = Work(fleet, house, model, "steered", Tool("Bash", {"command": "true", "description": "d"}), Text("done"))
    answer = house.ok("send", str(work.task), "-", "--format", "json", stdin=WORDS).json
    assert "now" in answer["when"]
    house.until(work.holds, "it is told")
    work.let_go()
    found = fleet.wait(work.task, "LANDED")
    first, second, third = work.asked()
    assert WORDS not in first
    assert second.count(WORDS) == third.count(WORDS) == 1
    assert [attempt.outcome for attempt in found.attempts] == ["done"]
    assert (found.attempts[0].turns, found.task.tokens) == (3, 3150)
    assert found.task.cost_usd == pytest.approx(0.01125)
    assert WORDS.splitlines()[0] in house.ok("logs", str(work.task)).stdout
    assert sum(line["type"] == "result" for line in work.transcript()) == 1, "one turn"
    said, heard = await work.facts()
    assert heard == [(1, key) for key in said]
    assert len(said) == 1


async def test_killed_before_it_was_told_the_next_daemon_tells_it(fleet, house, model):
    work = Work(fleet, house, model, "before", Text("done"))
    fleet.close()
    house.kill()
    key = "11111111-2222-4333-8444-555555555555"
    async with Journal.open(house.state / "journal.db") as journal:
        await journal.append([Said(task=work.task, at=0.0, by="mona", message=WORDS, key=key)])
    house.start()
    house.until(work.holds, "it is told")
    work.let_go()
    fleet.wait(work.task, "LANDED")
    assert [text.count(WORDS) for text in work.asked()] == [0, 1]
    assert await work.facts() == ([key], [(1, key)])


async def test_killed_after_it_was_told_it_is_told_once(fleet, house, model):
    work = Work(fleet, house, model, "after", Text("done"))
    for round_ in range(3):
        house.ok("send", str(work.task), f"word {round_}")
        house.until(lambda: len(work.told()) == round_ + 1, "it is told")  # noqa: B023
        fleet.close()
        house.kill()
        house.start()
    house.until(lambda: work.holds("word 2"), "the last is told")
    work.let_go()
    fleet.wait(work.task, "LANDED")
    assert [[text.count(f"word {each}") for each in range(3)] for text in work.asked()] == [[0, 0, 0], [1, 1, 1]]
    said, heard = await work.facts()
    assert heard == [(1, key) for key in said]
    assert len(said) == 3


async def test_heard_while_no_daemon_lived_it_is_not_said_again(fleet, house, model):
    work = Work(fleet, house, model, "alone", Text("done"))
    house.ok("send", str(work.task), WORDS)
    house.until(work.holds, "it is told")
    fleet.close()
    house.kill()
    work.let_go()
    house.until(lambda: any(line["type"] == "result" for line in work.transcript()), "the agent ends its turn", 30)
    run = house.state / "attempts" / str(work.task) / "1"
    house.until((run / "exit.json").exists, "it ends by itself, with nobody to close its stdin", 30)
    house.start()
    found = fleet.wait(work.task, "LANDED")
    assert [attempt.outcome for attempt in found.attempts] == ["done"]
    assert [text.count(WORDS) for text in work.asked()] == [0, 1]
    said, heard = await work.facts()
    assert heard == [(1, key) for key in said]


async def test_a_word_during_the_last_answer_makes_another_turn(fleet, house, model):
    house.start()
    repo = fleet.repo(PIPELINE)
    writes = Tool("Write", {"file_path": "made-a.txt", "content": "x"})
    task = fleet.submit(repo, "last", [writes, Hang("so"), Text("done")])
    model.wait_requests(2, "last", timeout=60)
    house.ok("send", str(task), WORDS)
    house.until(lambda: fleet.holds(task, WORDS), "it is told")
    model.release("last")
    found = fleet.wait(task, "LANDED")
    assert [request.text.count(WORDS) for request in model.requests("last")] == [0, 0, 1]
    assert [(attempt.outcome, attempt.turns) for attempt in found.attempts] == [("done", 3)]
    assert found.task.cost_usd == pytest.approx(0.01125)


def test_what_the_agent_did_not_live_to_hear_opens_the_next_attempt(fleet, house, model):
    work = Work(fleet, house, model, "dead", Text("never"))
    house.ok("send", str(work.task), WORDS)
    house.until(work.holds, "it is told")
    model.script("dead", [Text("here again")])
    for _, pid in fleet.census().agents():
        os.kill(int(pid), signal.SIGKILL)
    found = fleet.wait(work.task, "LANDED")
    assert [attempt.outcome for attempt in found.attempts] == ["crashed", "done"]
    assert model.requests("dead")[-1].text.count(WORDS) == 1


def test_a_pause_ends_the_turn_and_the_cost_is_known(fleet, house, model):
    work = Work(fleet, house, model, "paused", Text("done"))
    house.ok("pause", str(work.task))
    found = fleet.until(work.task, lambda now: now.waiting_for == "paused")
    detail = fleet.detail(found.id)
    assert [attempt.outcome for attempt in detail.attempts] == ["stopped"]
    assert detail.attempts[0].cost_usd == pytest.approx(0.00375)
    assert any(line.get("type") == "control_response" for line in work.transcript()), "it was asked, not signalled"
    assert not list(fleet.census().processes())
    house.ok("resume", str(work.task))
    found = fleet.wait(work.task, "LANDED")
    assert [attempt.outcome for attempt in found.attempts] == ["stopped", "done"]
    assert len({attempt.session_id for attempt in found.attempts}) == 1
    assert found.task.cost_usd == pytest.approx(0.0075)


def results(work):
    """How the session's turns ended."""
    return [line["is_error"] for line in work.transcript() if line["type"] == "result"]


async def test_broken_off_in_a_long_command_it_goes_on_with_the_words_in_its_session(fleet, house, model):
    work = Work(fleet, house, model, "now", Text("done"))
    answer = house.ok("send", str(work.task), "-", "--interrupt", "--format", "json", stdin=WORDS).json
    assert "interrupted" in answer["when"]
    found = fleet.wait(work.task, "LANDED")
    assert not (work.tree / "go").exists(), "nobody let its command go"
    assert not list(fleet.census().processes()), "its command is dead"
    assert [text.count(WORDS) for text in work.asked()] == [0, 1]
    assert [(attempt.outcome, attempt.turns) for attempt in found.attempts] == [("done", 2)]
    assert found.task.cost_usd == pytest.approx(0.0075)
    assert found.task.tokens == 2100
    assert results(work) == [True, False], "two turns, of which the first was broken off"
    assert len({line["session_id"] for line in work.transcript() if "session_id" in line}) == 1
    said, heard = await work.facts()
    assert heard == [(1, key) for key in said]


async def test_broken_off_in_the_middle_of_an_answer(fleet, house, model):
    house.start()
    repo = fleet.repo(PIPELINE)
    writes = Tool("Write", {"file_path": "made-a.txt", "content": "x"})
    task = fleet.submit(repo, "half", [writes, Hang("half an answer"), Text("done")])
    out = house.state / "attempts" / str(task) / "1" / "out"
    house.until(lambda: out.exists() and b"half an answer" in out.read_bytes(), "it answers", 60)
    house.ok("send", str(task), WORDS, "--interrupt")
    found = fleet.wait(task, "LANDED")
    first, second, third = model.requests("half")
    assert second.closed is not None, "nobody waits for the rest of that answer"
    assert [request.text.count(WORDS) for request in (first, second, third)] == [0, 0, 1]
    assert [(attempt.outcome, attempt.output) for attempt in found.attempts] == [("done", "done")]
    assert found.task.cost_usd == pytest.approx(0.01056), "the part of it that was said counts"
    log = house.ok("logs", str(task)).stdout
    assert "= interrupted" in log


async def test_one_that_was_interrupted_can_be_told_and_interrupted_again(fleet, house, model):
    waits = {"command": "while [ ! -e go ]; do read -t 0.05 <> <(:) || :; done", "description": "d"}
    work = Work(fleet, house, model, "again", Tool("Bash", waits), Tool("Bash", waits), Text("done"))
    for number, (word, *how) in enumerate((("one", "--interrupt"), ("two",), ("three", "--interrupt")), 1):
        house.ok("send", str(work.task), f"word {word}", *how)
        house.until(lambda: work.holds(f"word {word}"), "it is told")  # noqa: B023
        if how:
            house.until(lambda: len(work.asked()) == 2 + (number > 1), "it goes on with it")  # noqa: B023
    work.let_go()
    found = fleet.wait(work.task, "LANDED")
    assert [(attempt.outcome, attempt.turns) for attempt in found.attempts] == [("done", 4)]
    heard = [[text.count(f"word {each}") for each in ("one", "two", "three")] for text in work.asked()]
    assert heard == [[0, 0, 0], [1, 0, 0], [1, 1, 1], [1, 1, 1]]
    assert found.task.cost_usd == pytest.approx(0.015)
    said, heard_of = await work.facts()
    assert sorted(heard_of) == sorted((1, key) for key in said)


async def test_an_interruption_that_no_daemon_has_passed_on_is_passed_on_once_by_the_next(fleet, house, model):
    work = Work(fleet, house, model, "dark", Text("done"))
    fleet.close()
    house.kill()
    key = "11111111-2222-4333-8444-555555555555"
    async with Journal.open(house.state / "journal.db") as journal:
        await journal.append([Said(task=work.task, at=0.0, by="mona", message=WORDS, key=key, interrupt=True)])
    house.start()
    house.until(work.told, "it is told")
    fleet.close()
    house.kill()
    house.start()
    fleet.wait(work.task, "LANDED")
    assert [text.count(WORDS) for text in work.asked()] == [0, 1]
    assert results(work) == [True, False], "it was interrupted once"
    assert await work.facts() == ([key], [(1, key)])


async def test_broken_off_before_it_has_begun_it_begins_with_the_words(fleet, house, model):
    house.start()
    repo = fleet.repo(PIPELINE)
    writes = Tool("Write", {"file_path": "made-a.txt", "content": "x"})
    task = fleet.submit(repo, "early", [writes, Text("done"), Text("done")])
    fleet.until(task, lambda now: now.attempt == 1)
    house.ok("send", str(task), WORDS, "--interrupt")
    found = fleet.wait(task, "LANDED")
    assert [attempt.outcome for attempt in found.attempts] == ["done"]
    assert all("task early" in request.text for request in model.requests("early"))
    assert model.requests("early")[-1].text.count(WORDS) == 1


def test_what_an_interrupted_agent_has_heard_is_not_told_again_though_it_dies(fleet, house, model):
    work = Work(fleet, house, model, "gone", Hang())
    house.ok("send", str(work.task), "mind the gap", "--interrupt")
    house.until(lambda: any(event["type"] == "Heard" for event in house.events()), "it hears it")
    (session,) = work.tree.parent.glob("home/*/.claude/projects/*/*.jsonl")
    house.until(
        lambda: any(b'"user"' in line and b"mind the gap" in line for line in session.read_bytes().splitlines()),
        "its session has it",
    )
    for _, pid in fleet.census().agents():
        os.kill(int(pid), signal.SIGKILL)
    model.script("gone", [Text("here again")])
    found = fleet.wait(work.task, "LANDED")
    assert [attempt.outcome for attempt in found.attempts] == ["crashed", "done"]
    assert model.requests("gone")[-1].text.count("mind the gap") == 1, "from its session, and not a second time"
