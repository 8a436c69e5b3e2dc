"""One task's screen: its pictures, its attempts, and its text in other programs."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest
from export_task import ATTEMPTS, attempt, export_detail, export_task, gate
from pictures import SIZES, golden

from foremanctl.terminal.model import Back, Began, Lost, Model, reduce
from foremanctl.terminal.paint import Look
from foremanctl.terminal.screens import Size
from foremanctl.terminal.task_screen import TaskScreen
from foremand.v1 import foremand_pb2 as pb

NOW = 1_800_000_000.0
At = Callable[..., Any]

SAID = [
    ("text", "I look at how orders are stored before I write the export.", ""),
    ("thinking", "The generator must not hold the cursor open while the client reads slowly.", ""),
    ("tool_call", "shop/orders.py", "Read"),
    ("tool_result", "class Order:\n    id: int\n    date: str\n    amount: int\n", ""),
    ("tool_call", "python -m pytest -q tests/test_export.py", "Bash"),
    ("tool_result", "E   assert 61 == 6100\n1 failed, 2 passed in 0.31s\n", ""),
    ("text", "Amounts are euros there. The prompt says cents, so I convert them once, in `shop/money.py`.", ""),
]
FACTS = [
    ("AttemptStarted", {"number": 3}),
    ("AttemptEnded", {"number": 3}),
    ("SentBack", {"feedback": "tim says about api-owner: cents, not euros\nshop/api/v2.py, line 17:\n> order.amount"}),
    ("AttemptStarted", {"number": 4}),
]


def events(told: list[tuple[str, str, str]]) -> list[pb.Event]:
    return [
        pb.Event(
            seq=number,
            type="AgentEvent",
            attempt=4,
            data=json.dumps({"kind": kind, "text": text, "tool": tool}).encode(),
        )
        for number, (kind, text, tool) in enumerate(told, 10)
    ]


class Shown:
    """A `Terminal` on which one task's screen lies; nothing else happens."""

    def __init__(self, detail: pb.TaskDetail, look: Look | None = None) -> None:
        self.look = look or Look()
        self.model = told(Back(pb.ServerInfo()), Began(5, [detail.task]))
        self.detail = detail
        self.works: list[Any] = []

    async def ask(self, verb: str, request: Any) -> Any:
        if verb == "GetTask":
            return self.detail
        if verb == "ExplainTask":
            lines = ["WAITING: approve foremand-policy, api-owner?", "two people's words are missing"]
            return pb.Explanation(lines=lines, commands=["foremanctl approve 12", "foremanctl rework 12 -m T"])
        if request.attempt:
            return pb.ListEventsResponse(events=events(SAID), cursor=20)
        facts = [pb.Event(seq=n, type=t, data=json.dumps(data).encode()) for n, (t, data) in enumerate(FACTS, 1)]
        return pb.ListEventsResponse(events=facts, cursor=20)

    def start(self, work: Any) -> Any:
        self.works.append(work)
        return self

    def redraw(self) -> None:
        pass

    def done(self) -> bool:
        return True

    def stream(self, verb: str, request: Any) -> AsyncIterator[Any]:
        assert verb == "Watch"
        raise StopWatching


class StopWatching(Exception):
    """Enough was heard for a picture."""


def told(*events_: Any) -> Model:
    model = Model(now=NOW)
    for event in events_:
        model = reduce(model, event)
    return model


async def opened(terminal: Shown, *actions: str) -> TaskScreen:
    screen = TaskScreen(terminal, 12)  # type: ignore[arg-type]
    screen.changed()
    for action in ("", *actions):
        if action:
            screen.act(action)
        while terminal.works:
            with suppress(StopWatching):
                await terminal.works.pop(0)
    return screen


def running(**more: Any) -> pb.TaskDetail:
    """The same task while its fourth attempt runs, which asks something."""
    question = pb.Question(
        key="q1", tool="Bash", text="psql shop -c 'create index on orders (customer)'", attempt=4, asked_at=""
    )
    task = export_task(
        state=pb.RUNNING,
        waiting_for="question",
        reason="asks for Bash",
        stage="implement",
        attempt=4,
        cost_usd=0.24,
        questions=[question],
        gates=[gate("tests", "command", "", stage="implement"), gate("api-owner", "human", "")],
        overlaps=[],
    )
    ran = [*ATTEMPTS[:3], attempt(4, "implement", "", ended_at="", turns=0)]
    ran[-1].ClearField("cost_usd")
    left = pb.WorstCase(agent_runs=7, cost_usd=4.76)
    return export_detail(**{"task": task, "attempts": ran, "worst_case": left, **more})


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foremanctl.describe.age", lambda at: f"{8 * 60 - int(at[11:13]) * 60 - int(at[14:16])}m")


@pytest.mark.parametrize(("rows", "columns"), SIZES)
async def test_an_agent_that_works_and_asks(rows: int, columns: int) -> None:
    screen = await opened(Shown(running()))
    golden("task", screen.lines(Size(rows, columns)), rows, columns)


@pytest.mark.parametrize(("rows", "columns"), SIZES)
@pytest.mark.parametrize("tab", ["gates", "why"])
async def test_what_gates_said_and_why_it_stands_there(tab: str, rows: int, columns: int) -> None:
    actions = ["tab-next"] if tab == "gates" else ["tab-previous"]
    screen = await opened(Shown(export_detail()), *actions)
    golden(f"task-{tab}", screen.lines(Size(rows, columns)), rows, columns)


async def test_in_ascii_and_reconnecting() -> None:
    terminal = Shown(running(), Look(ascii=True))
    screen = await opened(terminal)
    terminal.model = reduce(terminal.model, Lost())
    painted = screen.lines(Size(24, 80))
    golden("task-ascii", painted, 24, 80)
    assert all(text.isascii() for line in painted for _, text in line)


@pytest.mark.parametrize("rows", range(1, 16))
async def test_the_smallest_terminal_still_shows_what_is_said(rows: int) -> None:
    screen = await opened(Shown(running()))
    painted = ["".join(text for _, text in line) for line in screen.lines(Size(max(rows, 8), 40))]
    assert len(painted) <= max(rows, 8)
    assert any("shop/money.py" in line or "cents" in line for line in painted)
