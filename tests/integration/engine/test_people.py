"""What people say, and what is refused: through foremanctl where its exit code counts, else through the API."""

import threading
from typing import Any

import pytest

from foremanctl import exits
from foremanctl.client import Client
from foremanctl.place import Place
from foremand.v1 import foremand_pb2 as pb

PIPELINE = """
version = 1

[agent.hand]
adapter = "command"
command = ["sh", "-ec", '''
cat > prompt.txt
while grep -q HOLD prompt.txt && [ ! -e GO ]; do sleep 0.05; done
''']

[gate.check]
kind = "command"
run = "test -s prompt.txt"

[gate.owner]
kind = "human"
message = "is it what you meant?"

[gate.security]
kind = "human"

[[stage]]
name = "implement"
agent = "hand"
gates = ["check"]

[land]
gates = ["owner", "security"]
"""
WORDS = """Not `echo`, but "printf": keep $HOME, {{ task }} and {{ feedback }} as they are.

\tThe second paragraph — with a tab, an umlaut ü, \\n and a %s.
RUN: rm -rf /"""


@pytest.fixture
def repo(home: Any) -> Any:
    return home.repo({".foremand/pipeline.toml": PIPELINE.replace("GO", str(home.root / "go"))})


def refusal(house: Any, verb: str, request: Any) -> exits.Failure:
    with pytest.raises(exits.Failure) as caught:
        house.api.ask(verb, request)
    return caught.value


def test_an_answer_is_about_one_revision_and_given_once(home: Any, repo: Any) -> None:
    task = home.submit(repo, "write it")
    seen = home.wait(task, "WAITING")
    assert seen["reason"] == "approve owner, security?"
    name, revision = str(task), seen["revision"]

    for given, code in (((), 2), (("--revision", revision[:5]), 2), (("--revision", "0" * 40), 5)):
        said = home.ctl("approve", name, *given)
        assert (said.returncode, "revision" in said.stderr) == (code, True), said.stderr
    unknown = refusal(home, "ApproveTask", pb.ApproveTaskRequest(id=task, gate="nobody", revision=revision))
    assert (unknown.exit, unknown.what) == (4, f"task {task} has no gate 'nobody'")
    assert "owner" in unknown.hint
    assert "security" in unknown.hint
    retry = refusal(home, "RetryTask", pb.RetryTaskRequest(id=task))
    assert (retry.exit, retry.hint) == (5, f"foremanctl approve {task} --revision {revision[:12]}")
    assert home.ctl("rework", name, "-m", " ").returncode == 2
    assert home.show(task)["approvals"] == []

    home.ok("approve", name, "owner", "--revision", revision[:12])
    again = home.ctl("approve", name, "owner", "--revision", revision)
    assert (again.returncode, "answered already" in again.stderr) == (5, True), again.stderr
    assert home.show(task)["reason"] == "approve security?"

    (home.root / "words").write_text(WORDS)
    home.ok("rework", name, "-f", str(home.root / "words"))
    asked_again = home.wait(task, "WAITING")
    assert asked_again["reason"] == "approve owner, security?"  # the change is another: both are asked
    assert home.ctl("approve", name, "--revision", revision).returncode == 5
    home.approve(task)
    landed = home.wait(task, "LANDED")
    assert [a["decision"] for a in landed["approvals"]] == ["approved", "rework", "approved", "approved"]
    assert WORDS in repo.show("prompt.txt")
    trailers = repo.git("log", "-1", "--format=%(trailers:key=Approved-by,valueonly)").split()
    assert trailers == [landed["approvals"][0]["by"]]

    for verb, request in (
        ("ApproveTask", pb.ApproveTaskRequest(id=task, revision=landed["revision"])),
        ("RejectTask", pb.AnswerTaskRequest(id=task)),
        ("ReworkTask", pb.AnswerTaskRequest(id=task, message="more")),
        ("RetryTask", pb.RetryTaskRequest(id=task)),
        ("CancelTask", pb.CancelTaskRequest(id=task)),
    ):
        over = refusal(home, verb, request)
        assert (over.exit, "LANDED" in over.what or "landed" in over.what) == (5, True), over.what


def test_of_two_at_once_the_first_wins(home: Any, repo: Any) -> None:
    task = home.submit(repo, "write it")
    revision = home.wait(task, "WAITING")["revision"]
    clients = [Client(Place(str(home.socket), named=True)) for _ in range(4)]
    answers: list[Any] = []
    barrier = threading.Barrier(len(clients))

    def answer(client: Client, number: int) -> None:
        barrier.wait()
        try:
            if number % 2:
                client.ask("ApproveTask", pb.ApproveTaskRequest(id=task, revision=revision))
            else:
                client.ask("RejectTask", pb.AnswerTaskRequest(id=task, revision=revision))
            answers.append("yes")
        except exits.Conflict as conflict:
            answers.append(conflict)

    threads = [threading.Thread(target=answer, args=(c, n)) for n, c in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    assert answers.count("yes") == 1
    over = home.wait(task, "LANDED", "REJECTED")
    first = "approved" if over["state"] == "LANDED" else "rejected"
    assert {a["decision"] for a in over["approvals"]} == {first}


def test_the_same_request_again_does_nothing_twice(home: Any, repo: Any) -> None:
    def submit(request_id: str) -> int:
        request = pb.SubmitTaskRequest(
            request_id=request_id, prompt="once", repo=str(repo.path), environment={"PATH": home.env["PATH"]}
        )
        return int(home.api.ask("SubmitTask", request).id)

    task = submit("one")
    assert submit("one") == task
    assert submit("two") == task + 1
    home.api.ask("CancelTask", pb.CancelTaskRequest(request_id="three", id=task + 1))
    home.api.ask("CancelTask", pb.CancelTaskRequest(request_id="three", id=task + 1))
    assert refusal(home, "CancelTask", pb.CancelTaskRequest(request_id="four", id=task + 1)).exit == 5
    revision = home.wait(task, "WAITING")["revision"]
    rework = pb.AnswerTaskRequest(request_id="five", id=task, revision=revision, message="again")
    home.api.ask("ReworkTask", rework)
    home.wait(task, "WAITING")
    assert home.api.ask("ReworkTask", rework).id == task
    approve = pb.ApproveTaskRequest(request_id="six", id=task, revision=home.wait(task, "WAITING")["revision"])
    home.api.ask("ApproveTask", approve)
    home.api.ask("ApproveTask", approve)
    landed = home.wait(task, "LANDED")
    assert [a["decision"] for a in landed["approvals"]] == ["rework", "approved", "approved"]  # two gates
    assert len(landed["attempts"]) == 2


def test_cancelled_and_rejected_work_is_kept_and_taken_up_again(home: Any, repo: Any) -> None:
    task = home.submit(repo, "HOLD it")
    home.until(lambda: len(home.show(task)["attempts"]) == 1, "the agent works")
    for verb, request in (
        ("ApproveTask", pb.ApproveTaskRequest(id=task, revision="0" * 40)),
        ("RetryTask", pb.RetryTaskRequest(id=task)),
        ("ReworkTask", pb.AnswerTaskRequest(id=task, message="more")),
    ):
        early = refusal(home, verb, request)
        assert (early.exit, early.hint) == (5, f"foremanctl wait {task}"), early.what

    home.ok("cancel", str(task), "-m", "not today")
    cancelled = home.wait(task, "CANCELLED")
    assert "not today" in cancelled["reason"]
    assert home.ctl("wait", str(task)).returncode == 11
    (home.root / "go").touch()
    home.ok("retry", str(task))
    home.wait(task, "WAITING")

    home.ok("reject", str(task), "-m", "the wrong tone")
    home.wait(task, "REJECTED")
    assert home.ctl("wait", str(task)).returncode == 10
    assert "prompt.txt" in home.ok("diff", str(task)).stdout
    home.ok("retry", str(task), "-m", "kinder, please")
    home.wait(task, "WAITING")
    assert home.ctl("wait", str(task)).returncode == 12
    home.approve(task)
    home.wait(task, "LANDED")
    heard = repo.show("prompt.txt")
    assert "the wrong tone" in heard
    assert "kinder, please" in heard
    assert home.ctl("wait", str(task)).returncode == 0
