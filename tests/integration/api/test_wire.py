"""The API as another program meets it: health, reflection, errors with their details, pages, and resuming a watch."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_status import rpc_status

from foremand.v1 import foremand_pb2 as pb
from foremand.v1.foremand_pb2_grpc import ForemandStub

PIPELINE = """
version = 1
[agent.writer]
adapter = "command"
command = ["sh", "-c", "for i in 1 2 3; do echo line $i; done; echo work > work.txt"]
[gate.check]
kind = "command"
run = "test -e work.txt"
[gate.owner]
kind = "human"
[[stage]]
name = "implement"
agent = "writer"
gates = ["check", "owner"]
"""


@pytest.fixture(scope="module")
def home(shared_house: Any) -> Any:
    shared_house.start()
    return shared_house


@pytest.fixture(scope="module")
def repo(home: Any) -> Any:
    return home.repo({".foremand/pipeline.toml": PIPELINE})


@pytest.fixture
def channel(home: Any) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"unix:{home.socket}", options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        yield channel


def refused(call: Any, request: Any, **more: Any) -> tuple[str, str, str, str]:
    """Code, reason, message and hint of a call that must fail."""
    with pytest.raises(grpc.RpcError) as caught:
        answer = call(request, timeout=60, **more)
        list(answer)
    status = rpc_status.from_call(caught.value)
    info = ErrorInfo()
    assert status.details[0].Unpack(info)
    assert info.domain == "foremand"
    return caught.value.code().name, info.reason, status.message, info.metadata["hint"]


def test_anybody_may_ask_whether_it_lives_and_what_it_looks_like(channel: grpc.Channel) -> None:
    health = health_pb2_grpc.HealthStub(channel)
    for name in ("", "foremand.v1.Foremand"):
        answer = health.Check(health_pb2.HealthCheckRequest(service=name), timeout=60)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="foremand.v1.Foremand"),
    ]
    services, file = stub.ServerReflectionInfo(iter(asked), timeout=60)
    assert "foremand.v1.Foremand" in {each.name for each in services.list_services_response.service}
    assert file.file_descriptor_response.file_descriptor_proto


def test_without_a_token_nothing_else_is_answered(channel: grpc.Channel) -> None:
    stub = ForemandStub(channel)
    calls = [
        (stub.GetServerInfo, pb.GetServerInfoRequest()),
        (stub.ListTasks, pb.ListTasksRequest()),
        (stub.CancelTask, pb.CancelTaskRequest(id=1)),
        (stub.Watch, pb.WatchRequest()),
        (stub.ReadLog, pb.ReadLogRequest(id=1)),
    ]
    for call, request in calls:
        code, reason, _, hint = refused(call, request, metadata=(("foremand-token", "guess"),))
        assert (code, reason, "foremanctl" in hint) == ("PERMISSION_DENIED", "NOT_AN_OPERATOR", True)


def test_errors_say_what_why_and_what_to_do(home: Any, repo: Any) -> None:
    client = home.api
    metadata, stub = client._metadata(), client._stub
    where = str(repo.path)
    environment = {"PATH": home.env["PATH"]}
    submit = pb.SubmitTaskRequest
    bare = home.repo({"README": "hello\n"})
    broken = "version = 1\nsurprise = 1\n[[stage]]\nname = 'land'\n"
    cases = [
        (stub.GetTask, pb.GetTaskRequest(id=404), "NOT_FOUND", "TASK_UNKNOWN", "list --all"),
        (stub.Watch, pb.WatchRequest(task=404), "NOT_FOUND", "TASK_UNKNOWN", "list --all"),
        (stub.Watch, pb.WatchRequest(after=10**9), "OUT_OF_RANGE", "CURSOR_AHEAD", "snapshot"),
        (stub.ListTasks, pb.ListTasksRequest(page_token="x"), "INVALID_ARGUMENT", "REQUEST_INVALID", ""),
        (stub.ListTasks, pb.ListTasksRequest(page_token="²"), "INVALID_ARGUMENT", "REQUEST_INVALID", ""),
        (stub.SubmitTask, submit(prompt=" \n", repo=where), "INVALID_ARGUMENT", "PROMPT_EMPTY", "-f FILE"),
        (stub.SubmitTask, submit(prompt="a\0b", repo=where), "INVALID_ARGUMENT", "PROMPT_INVALID", "file"),
        (stub.SubmitTask, submit(prompt="x", repo="/nowhere"), "INVALID_ARGUMENT", "REPOSITORY_REFUSED", ""),
        (stub.SubmitTask, submit(prompt="x", repo=str(bare.path)), "INVALID_ARGUMENT", "PIPELINE_MISSING", "init"),
        (stub.SubmitTask, submit(prompt="x", repo=where, into="no"), "INVALID_ARGUMENT", "REPOSITORY_REFUSED", ""),
        (
            stub.SubmitTask,
            submit(prompt="x", repo=where, pipeline_file=broken, environment=environment),
            "INVALID_ARGUMENT",
            "PIPELINE_INVALID",
            "check",
        ),
        (
            stub.SubmitTask,
            submit(prompt="x", repo=where, environment={"PATH": "/nowhere"}),
            "INVALID_ARGUMENT",
            "AGENT_MISSING",
            "",
        ),
    ]
    for call, request, code, reason, hint in cases:
        said = refused(call, request, metadata=metadata)
        assert (said[:2], hint in said[3], bool(said[2])) == ((code, reason), True, True), said
        assert "Traceback" not in said[2]
    assert not client.ask("ListTasks", pb.ListTasksRequest(all=True)).tasks


def test_a_watch_resumed_anywhere_loses_and_repeats_nothing(home: Any, repo: Any) -> None:
    task = home.submit(repo, "write it")
    home.wait(task, "WAITING")

    def watch(after: int, until: int) -> list[tuple[int, list[int]]]:
        """The cursor and the events' numbers of each batch, up to the cursor `until`."""
        batches = []
        stream = home.api.stream("Watch", pb.WatchRequest(after=after, agent_events=True), timeout=60)
        for response in stream:
            batches.append((response.cursor, [event.seq for event in response.events]))
            assert not response.snapshot
            if response.cursor >= until:
                break
        stream.close()
        return batches

    snapshot = next(home.api.stream("Watch", pb.WatchRequest(), timeout=60))
    assert [each.id for each in snapshot.snapshot] == [task]
    last = snapshot.cursor
    whole = [seq for _, events in watch(0, last) for seq in events]
    assert whole == sorted(set(whole))
    for cut in (whole[0], whole[len(whole) // 2], whole[-2]):
        assert [seq for _, events in watch(cut, last) for seq in events] == [seq for seq in whole if seq > cut]

    # Over a restart, and while things happen.
    home.stop()
    home.start()
    home.approve(task)
    home.wait(task, "LANDED")
    now = next(home.api.stream("Watch", pb.WatchRequest(), timeout=60)).cursor
    later = [seq for _, events in watch(last, now) for seq in events]
    assert later
    assert [seq for _, events in watch(0, now) for seq in events] == whole + later
    types = [event["type"] for event in home.events()]
    assert types[0] == "TaskSubmitted"
    assert types[-1] == "Landed"


def test_pages(home: Any, repo: Any) -> None:
    submit = pb.SubmitTaskRequest(prompt="page", repo=str(repo.path), environment={"PATH": home.env["PATH"]})
    made = [home.api.ask("SubmitTask", submit).id for _ in range(2)]
    found: list[int] = []
    token = ""
    while True:
        page = home.api.ask("ListTasks", pb.ListTasksRequest(all=True, page_size=1, page_token=token))
        assert len(page.tasks) == 1
        found += [each.id for each in page.tasks]
        token = page.next_page_token
        if not token:
            break
    assert found[-2:] == made
    assert found == sorted(set(found))
    for task in made:
        home.api.ask("CancelTask", pb.CancelTaskRequest(id=task))
        home.wait(task, "CANCELLED")
