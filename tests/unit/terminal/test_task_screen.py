"""One task's screen: its pictures, its attempts, and its text in other programs."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest
from export_task import ATTEMPTS, CHANGE, attempt, export_detail, export_task, gate
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
        self.said: list[str] = []
        self.change = CHANGE
        self.diffs = 0
        self.texts: list[str] = []

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

    def say(self, text: str, *, bad: bool = False) -> None:
        self.said.append(text)

    async def page(self, text: str) -> None:
        self.texts.append(text)

    async def edit(self, text: str, suffix: str) -> str:
        self.texts.append(text)
        return f"{text} and more"

    async def stream(self, verb: str, request: Any) -> AsyncIterator[Any]:
        if verb == "Watch":
            raise StopWatching
        if verb == "GetDiff":
            self.diffs += 1
            for start in range(0, len(self.change), 100):
                yield pb.DiffChunk(data=self.change[start : start + 100])
            return
        for part in (b"all of ", b"the log\n"):
            yield pb.LogChunk(data=part)


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
    await rest(terminal)
    for action in actions:
        screen.act(action)
        await rest(terminal)
    return screen


async def rest(terminal: Shown) -> None:
    """All that the screen began is done."""
    while terminal.works:
        with suppress(StopWatching):
            await terminal.works.pop(0)


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
@pytest.mark.parametrize(("tab", "back"), [("diff", 3), ("gates", 2), ("why", 1)])
async def test_what_changed_what_gates_said_and_why_it_stands_there(
    tab: str, back: int, rows: int, columns: int
) -> None:
    screen = await opened(Shown(export_detail()), *["tab-previous"] * back)
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


async def test_a_task_that_is_opened_before_it_begins_is_followed_from_then_on() -> None:
    begun = running()
    terminal = Shown(export_detail(task=export_task(state=pb.QUEUED, attempt=0), attempts=[]))
    screen = await opened(terminal)
    assert "nothing has been said yet" in text_of(screen)
    terminal.detail = begun
    terminal.model = told(Began(6, [begun.task]))
    screen.changed()
    await rest(terminal)
    assert "I look at how orders are stored" in text_of(screen)


def text_of(screen: TaskScreen) -> str:
    return "\n".join("".join(text for _, text in line) for line in screen.lines(Size(50, 160)))


async def test_brackets_go_from_attempt_to_attempt() -> None:
    terminal = Shown(running())
    screen = await opened(terminal, "attempt-previous")
    assert "implement 2x [3] 4." in text_of(screen)
    screen.act("attempt-next")
    screen.act("attempt-next")
    await rest(terminal)
    assert "implement 2x 3 [4.]" in text_of(screen)
    assert terminal.said == ["there is no later attempt"]


async def test_e_has_all_of_it_in_the_editor_and_v_in_the_pager() -> None:
    terminal = Shown(running())
    await opened(terminal, "editor", "pager", "tab-next", "pager", "tab-next", "pager")
    assert terminal.texts[:2] == ["all of the log\n", "all of the log\n"]
    assert terminal.texts[2] == CHANGE.decode()
    assert "api-owner" in terminal.texts[3]
    assert terminal.said == ["what was written there is not kept: s tells the agent something"]


async def test_a_change_is_read_once_for_each_revision() -> None:
    terminal = Shown(export_detail())
    screen = await opened(terminal, "tab-next", "bottom")
    assert "test_name_with_wide_letters" in text_of(screen)
    for revision in ("a" * 40, "a" * 40, "b" * 40):
        terminal.detail = export_detail(task=export_task(revision=revision))
        terminal.model = told(Began(6, [terminal.detail.task]))
        screen.changed()
        await rest(terminal)
    assert terminal.diffs == 3


async def test_no_change_is_said() -> None:
    terminal = Shown(export_detail())
    terminal.change = b""
    assert "nothing is changed" in text_of(await opened(terminal, "tab-next"))
