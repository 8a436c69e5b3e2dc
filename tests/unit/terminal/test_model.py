"""The model: what each event makes of it, as a table, and what must hold whatever comes."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from foremanctl.terminal.model import (
    Back,
    Began,
    Changed,
    Floor,
    Lost,
    Model,
    Moved,
    Selected,
    Ticked,
    Viewed,
    described,
    next_for_you,
    reduce,
)
from foremand.v1 import foremand_pb2 as pb

NOW = 1_800_000_000.0
Make = Callable[..., pb.Task]


def of(*events: object, now: float = NOW) -> Model:
    model = Model(now=now)
    for event in events:
        model = reduce(model, event)  # type: ignore[arg-type]
    return model


def test_who_needs_you_comes_first(task: Make, busy: Make) -> None:
    model = of(Began(1, [busy(1), task(2), busy(3, state=pb.QUEUED), task(4, waiting_for="quota"), task(5)]))
    assert model.shown == (2, 5, 1, 4, 3)
    assert model.floor.selected == 2


def test_a_batch_that_was_told_before_changes_nothing(task: Make, busy: Make) -> None:
    model = of(Began(7, [task(1)]))
    assert reduce(model, Changed(6, [busy(1)])) is model
    assert reduce(model, Changed(8, [busy(1)])).tasks[1].state == pb.RUNNING


def test_what_others_change_about_a_task_comes_without_an_event(task: Make) -> None:
    model = of(Began(7, [task(1)]))
    assert reduce(model, Changed(7, [task(1, queue_position=2)])).tasks[1].queue_position == 2


def test_a_snapshot_replaces_all(task: Make) -> None:
    assert of(Began(7, [task(1), task(2)]), Began(3, [task(2)])).shown == (2,)


def test_the_selection_stays_with_its_task(task: Make, busy: Make) -> None:
    model = of(Began(1, [busy(1), busy(2), busy(3)]), Selected(2), Changed(2, [task(3)]))
    assert model.shown == (3, 1, 2)
    assert model.floor.selected == 2


def test_where_the_task_goes_the_next_one_is_selected(busy: Make) -> None:
    model = of(Began(1, [busy(1), busy(2), busy(3)]), Selected(2))
    gone = busy(2, state=pb.LANDED, updated_at="2020-01-01T00:00:00.000Z")
    assert reduce(model, Changed(2, [gone])).floor.selected == 3


@pytest.mark.parametrize(
    ("by", "selected"), [(1, 2), (2, 3), (99, 3), (-1, 1), (0, 1)], ids=["one", "two", "beyond", "above", "none"]
)
def test_moving_stays_on_the_floor(busy: Make, by: int, selected: int) -> None:
    assert of(Began(1, [busy(1), busy(2), busy(3)]), Moved(by)).floor.selected == selected


def test_it_calls_when_somebody_begins_to_need_you(task: Make, busy: Make) -> None:
    model = of(Began(1, [task(1), busy(2)]))
    assert model.calls == 0, "what asked before is no news"
    model = reduce(model, Changed(2, [task(1, reason="another word")]))
    assert model.calls == 0, "it asked before"
    model = reduce(model, Changed(3, [task(2), task(3)]))
    assert model.calls == 2
    model = reduce(model, Changed(4, [task(2, waiting_for="paused")]))
    assert model.calls == 2, "who paused it knows"


def test_the_connection_is_said(task: Make) -> None:
    model = of(Began(1, [task(1)]))
    assert model.link == "connecting"
    assert reduce(model, Back(pb.ServerInfo(max_agents=3))).link == ""
    lost = reduce(model, Lost())
    assert lost.link == "reconnecting"
    assert lost.tasks == model.tasks, "what was known stays in sight"


def test_what_ended_long_ago_is_asked_for(busy: Make) -> None:
    ended = busy(1, state=pb.LANDED, updated_at="2027-01-14T08:00:00.000Z", title="Old export")
    recent = busy(2, state=pb.LANDED, updated_at="2027-01-15T07:00:00.000Z")
    model = of(Began(1, [ended, recent]))
    assert model.shown == (2,)
    assert reduce(model, Viewed(Floor(history=True))).shown == (2, 1)
    assert reduce(model, Viewed(Floor(words="OLD exp"))).shown == (1,)
    assert reduce(model, Ticked(NOW + 86400)).shown == ()


def test_orders(task: Make) -> None:
    begin = Began(1, [task(1, cost_usd=1.0, added=5), task(2, cost_usd=3.0, added=1), task(3, cost_usd=2.0, added=9)])
    assert of(begin, Viewed(Floor(order="newest"))).shown == (3, 2, 1)
    assert of(begin, Viewed(Floor(order="cost"))).shown == (2, 3, 1)
    assert of(begin, Viewed(Floor(order="change"))).shown == (3, 1, 2)


def test_by_repository_the_order_holds_in_each(task: Make, busy: Make) -> None:
    tasks = [busy(1, repo="/b"), task(2, repo="/b"), busy(3, repo="/a")]
    assert of(Began(1, tasks), Viewed(Floor(by_repo=True))).shown == (3, 2, 1)


def test_the_next_that_needs_you(task: Make, busy: Make) -> None:
    model = of(Began(1, [task(1), busy(2), task(3)]), Viewed(Floor(order="newest", selected=3)))
    assert next_for_you(model) == 1
    assert next_for_you(reduce(model, Selected(1))) == 3, "around the end"
    assert next_for_you(of(Began(1, [busy(2)]))) is None


def test_how_it_is_looked_at_is_said() -> None:
    assert described(Floor()) == ""
    assert described(Floor(order="cost", by_repo=True, words="a\x1bb")) == 'by repository, by cost, only "a\\x1bb"'


KINDS = st.sampled_from([pb.QUEUED, pb.RUNNING, pb.WAITING, pb.LANDED, pb.FAILED])
TASKS = st.lists(
    st.builds(
        pb.Task,
        id=st.integers(1, 6),
        state=KINDS,
        waiting_for=st.sampled_from(["", "person", "quota", "paused"]),
        repo=st.sampled_from(["/a", "/b"]),
        title=st.text(max_size=5),
        updated_at=st.sampled_from(["", "nonsense", "2027-01-15T07:00:00.000Z"]),
    ),
    max_size=6,
)
FLOORS = st.builds(
    Floor,
    selected=st.integers(0, 9),
    order=st.sampled_from(["need", "newest", "cost", "change"]),
    by_repo=st.booleans(),
    history=st.booleans(),
    words=st.sampled_from(["", "a", "queued"]),
)
EVENTS = st.one_of(
    st.builds(Began, st.integers(0, 50), TASKS),
    st.builds(Changed, st.integers(0, 50), TASKS),
    st.builds(Lost),
    st.builds(Back, st.builds(pb.ServerInfo)),
    st.builds(Ticked, st.floats(0, 2e9)),
    st.builds(Moved, st.integers(-9, 9)),
    st.builds(Selected, st.integers(0, 9)),
    st.builds(Viewed, FLOORS),
)


@settings(deadline=None)
@given(st.lists(EVENTS, max_size=12))
def test_whatever_comes_the_selection_is_on_the_floor(events: list[object]) -> None:
    model = of(*events)
    assert set(model.shown) <= set(model.tasks)
    assert len(set(model.shown)) == len(model.shown)
    if model.shown and not any(isinstance(event, Selected) for event in events):
        assert model.floor.selected in model.shown
    assert reduce(model, Viewed(replace(model.floor))).shown == model.shown
