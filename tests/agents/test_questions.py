"""permissions = "ask" with the real Claude Code: a person answers, from any client, and nobody's silence is a yes."""

import json
import time
from typing import Any

import grpc
import pytest
from fleet import Fleet
from model_script import Text, Tool

from foremand.core import questions
from foremand.core.facts import QuestionAnswered, QuestionAsked, QuestionWithdrawn, Said, TimeCame
from foremand.journal import Journal
from foremand.v1 import foremand_pb2 as pb
from foremand.v1 import foremand_pb2_grpc as rpc

PIPELINE = """
[gate.made]
kind = "command"
run = "ls made*.txt"

[[stage]]
name = "implement"
agent = "claude"
gates = ["made"]
"""
COMMAND = 'python3 -c \'open("by-hand.txt", "w").write("x")\''
HURRY = "from foremand.core import questions\nquestions.PATIENCE = 0.5\n"
"""Makes the daemon one whose ten minutes are over at once."""
ASKS = Tool("Bash", {"command": COMMAND, "description": "d"})
WRITES = Tool("Write", {"file_path": "made.txt", "content": "right\n"})


class Asking:
    """A task whose agent writes a file, unasked, and then asks for a command."""

    def __init__(self, fleet: Fleet, house: Any, model: Any, name: str, *more: Any) -> None:
        self.fleet, self.house, self._model, self._name = fleet, house, model, name
        house.start("--max-agents", "1")
        fleet._agent = fleet._agent.replace('allow = ["*"]', 'permissions = "ask"')
        self.repo = fleet.repo(PIPELINE)
        self.task = fleet.submit(self.repo, name, [WRITES, ASKS, *more])
        self.waits()

    def waits(self) -> Any:
        """The task once it waits for an answer."""
        return self.fleet.until(self.task, lambda now: now.waiting_for == "question")

    def question(self) -> Any:
        (question,) = self.house.show(self.task)["questions"]
        return question

    def answer(self, decision: str, *more: str) -> Any:
        return self.house.ctl("answer", str(self.task), decision, "--question", self.question()["key"], *more)

    def asked(self) -> list[str]:
        return [request.text for request in self._model.requests(self._name)]

    def restart(self) -> None:
        self.fleet.close()
        self.house.kill()
        self.house.start("--max-agents", "1")

    def landed(self) -> Any:
        found = self.fleet.wait(self.task, "LANDED")
        return found, self.repo.git("ls-tree", "--name-only", "main").split()


@pytest.fixture
def fleet(house, model, claude_cli):
    fleet = Fleet(house, model, claude_cli)
    yield fleet
    fleet.close()


def test_what_is_allowed_is_done_and_the_person_has_seen_all_of_it(fleet, house, model):
    asking = Asking(fleet, house, model, "allowed", Text("done"))
    question = asking.question()
    assert (question["tool"], question["text"], question["attempt"]) == ("Bash", COMMAND, 1)
    shown = house.show(asking.task)
    assert (shown["state"], shown["reason"]) == ("WAITING", f"claude asks: Bash: {COMMAND}")
    assert f"foremanctl answer {asking.task} allow --question {question['key']}" in fleet.why(asking.task)
    assert [attempt for attempt, _ in fleet.census().agents()] == [f"{asking.task}/1"], "it holds its slot"
    wrong = house.ctl("answer", str(asking.task), "allow", "--question", "another")
    assert wrong.returncode == 5
    assert asking.answer("allow").returncode == 0
    late = house.ctl("answer", str(asking.task), "deny", "--question", question["key"])
    assert late.returncode == 5
    found, files = asking.landed()
    assert [attempt.outcome for attempt in found.attempts] == ["done"]
    assert "by-hand.txt" in files
    assert len(asking.asked()) == 3
    assert found.task.cost_usd == pytest.approx(0.01125)


def test_what_is_denied_is_not_done_and_the_agent_hears_why(fleet, house, model):
    asking = Asking(fleet, house, model, "denied", Text("then not"))
    assert asking.answer("deny", "-m", "use the fixture instead").returncode == 0
    found, files = asking.landed()
    assert "by-hand.txt" not in files
    assert "use the fixture instead" in asking.asked()[2]
    assert [attempt.outcome for attempt in found.attempts] == ["done"]


def test_a_question_outlives_daemon_and_client_and_its_answer_too(fleet, house, model):
    asking = Asking(fleet, house, model, "lasting", Text("done"))
    key = asking.question()["key"]
    for _ in range(2):
        asking.restart()
        asking.waits()
        assert asking.question()["key"] == key
    assert len(asking.asked()) == 2, "silence is no answer"
    assert asking.answer("allow").returncode == 0
    asking.restart()
    _, files = asking.landed()
    assert "by-hand.txt" in files
    assert len(asking.asked()) == 3


async def test_an_answer_that_no_daemon_has_passed_on_is_passed_on_by_the_next(fleet, house, model):
    asking = Asking(fleet, house, model, "unsaid", Text("done"))
    key = asking.question()["key"]
    fleet.close()
    house.kill()
    async with Journal.open(house.state / "journal.db") as journal:
        await journal.append(
            [QuestionAnswered(task=asking.task, at=time.time(), number=1, key=key, allow=True, by="m")]
        )
    house.start("--max-agents", "1")
    _, files = asking.landed()
    assert "by-hand.txt" in files


def test_it_holds_its_slot_for_ten_minutes():
    assert questions.PATIENCE == 600


@pytest.mark.parametrize("decision", ["allow", "deny"])
async def test_unanswered_for_long_it_gives_its_slot_back_and_goes_on_when_answered(fleet, house, model, decision):
    asking = Asking(fleet, house, model, "slow", *([ASKS, Text("done")] if decision == "allow" else [Text("done")]))
    key = asking.question()["key"]
    other = fleet.submit(asking.repo, "other", [Tool("Write", {"file_path": "made-2.txt", "content": "x"}), Text("ok")])
    fleet.until(other, lambda now: now.reason == "waits for an agent slot")
    fleet.close()
    house.kill()
    house.script("sitecustomize", HURRY)
    house.start("--max-agents", "1", env={"PYTHONPATH": str(house.root / "bin")})
    house.until(lambda: house.show(asking.task)["attempts"][0]["outcome"] == "stopped", "it is interrupted", 30)
    asking.waits()  # once that is sealed
    assert f"{asking.task}/1" not in [attempt for attempt, _ in fleet.census().agents()]
    assert [attempt.outcome for attempt in fleet.wait(other, "LANDED").attempts] == ["done"], "its slot is free"

    asking.restart()
    assert asking.question()["key"] == key
    assert asking.answer(decision, "-m", "so be it").returncode == 0
    found, files = asking.landed()
    assert [attempt.outcome for attempt in found.attempts] == ["stopped", "done"]
    assert len({attempt.session_id for attempt in found.attempts}) == 1
    assert ("by-hand.txt" in files) is (decision == "allow")
    assert "You were interrupted when you asked whether you may use Bash" in asking.asked()[2]
    house.stop()
    async with Journal.open(house.state / "journal.db") as journal:
        facts = [entry.fact for entry in journal.facts()]
    asked = [fact.key for fact in facts if isinstance(fact, QuestionAsked)]
    answered = [(fact.key, fact.allow) for fact in facts if isinstance(fact, QuestionAnswered)]
    assert answered == [(key, decision == "allow") for key in asked], "asked again, it has the answer already"
    assert len(asked) == (2 if decision == "allow" else 1)
    assert [fact.key for fact in facts if isinstance(fact, TimeCame)] == [f"question#{key}"]


async def test_one_that_is_interrupted_just_as_it_asks_does_not_ask_any_more(fleet, house, model):
    asking = Asking(fleet, house, model, "broken", Text("as you say"))
    key = asking.question()["key"]
    fleet.close()
    house.kill()
    said = Said(
        task=asking.task,
        at=time.time(),
        by="m",
        message="leave that",
        key="11111111-2222-4333-8444-555555555555",
        interrupt=True,
    )
    async with Journal.open(house.state / "journal.db") as journal:
        await journal.append([said])
    house.start("--max-agents", "1")
    found, files = asking.landed()
    assert "by-hand.txt" not in files
    assert [attempt.outcome for attempt in found.attempts] == ["done"]
    assert asking.asked()[2].count("leave that") == 1
    house.stop()
    async with Journal.open(house.state / "journal.db") as journal:
        facts = [entry.fact for entry in journal.facts()]
    assert [fact.key for fact in facts if isinstance(fact, QuestionWithdrawn)] == [key]


def test_nobody_answers_for_one_that_is_cancelled(fleet, house, model):
    asking = Asking(fleet, house, model, "cancelled", Text("done"))
    key = asking.question()["key"]
    fleet.cancel(asking.task)
    fleet.wait(asking.task, "CANCELLED")
    assert not list(fleet.census().processes())
    refused = house.ctl("answer", str(asking.task), "allow", "--question", key)
    assert refused.returncode == 5
    assert not house.show(asking.task)["questions"]
    assert json.loads(house.ok("why", str(asking.task), "--format", "json").stdout)
    assert len(asking.asked()) == 2


def test_an_agent_cannot_answer_itself(fleet, house, model):
    """Nor can anybody else who is no operator."""
    asking = Asking(fleet, house, model, "self", Text("done"))
    request = pb.AnswerQuestionRequest(request_id="r", id=asking.task, allow=True)
    with grpc.insecure_channel(f"unix:{house.socket}") as channel:
        with pytest.raises(grpc.RpcError) as refused:
            rpc.ForemandStub(channel).AnswerQuestion(request, timeout=60)
        assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED
    assert asking.question()["tool"] == "Bash"
    fleet.cancel(asking.task)
    fleet.wait(asking.task, "CANCELLED")
