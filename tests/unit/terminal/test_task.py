"""One task's head, gates and reasons, and what its agents were told."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from foremanctl.terminal.model import Lost, Model, reduce
from foremanctl.terminal.paint import Line, Look, width_of
from foremanctl.terminal.task import feedback_of, gates, why
from foremanctl.terminal.task_head import attempts, costs, head, questions, tabs, told_of
from foremand.v1 import foremand_pb2 as pb

LOOK = Look()
Make = Callable[..., pb.Task]
NOW = 1_800_000_000.0


def plain(lines: list[Line]) -> list[str]:
    return ["".join(text for _, text in line).rstrip() for line in lines]


def test_the_head_says_which_and_where(task: Make) -> None:
    assert plain(head(Model(link=""), task(), LOOK, 80)) == [
        " 12  Add /v2/export".ljust(64) + "7 files +120 -8",
        " WAITING  plan+ implement+ [land]  approve api-owner?",
    ]
    narrow = plain(head(Model(link=""), task(), LOOK, 50))
    assert narrow[1:] == [" WAITING  plan+ implement+ [land]", "  approve api-owner?"]
    lost = plain(head(reduce(Model(), Lost()), task(title="x" * 200), LOOK, 50))
    assert "reconnecting..." in lost[0]
    assert lost[0].endswith("7 files +120 -8")


def bill(task: pb.Task, **fields: object) -> str:
    """What is said of costs, where there is room for all of it."""
    limits = pb.Limits(cost_usd=5, attempts=12)
    given = {"limits": limits, "attempts": [pb.Attempt(number=1, outcome="done"), pb.Attempt(number=2)]}
    return plain([costs(task, pb.TaskDetail(task=task, **{**given, **fields}), LOOK, 120)])[0]  # type: ignore[arg-type]


def test_costs_so_far_and_the_worst_case_left(task: Make) -> None:
    worst = pb.WorstCase(agent_runs=6, cost_usd=4.39)
    assert bill(task(), worst_case=worst) == " $0.61 of $5, 2 of 12 runs; at worst 6 more, $4.39, then it asks"
    assert bill(task()) == " $0.61 of $5, 2 of 12 runs"
    assert bill(task(), limits=None, worst_case=pb.WorstCase()) == (
        " $0.61, 2 runs; at worst no more, cost without a bound, then it asks"
    )
    by_hand = [pb.Attempt(number=1, outcome="done"), pb.Attempt(number=2, by="ann")]
    assert bill(task(), limits=None, attempts=by_hand) == " $0.61, 1 run"
    whole = pb.TaskDetail(limits=pb.Limits(cost_usd=5, attempts=12), worst_case=worst, attempts=by_hand)
    assert plain([costs(task(), whole, LOOK, 50)]) == [" $0.61 of $5, 1 of 12 runs; at worst 6 more, $4.39"]


def test_an_unknown_cost_is_not_nothing(task: Make) -> None:
    unknown = task()
    unknown.ClearField("cost_usd")
    assert bill(unknown) == " cost unknown, limit $5, 2 of 12 runs"
    assert bill(unknown, attempts=[pb.Attempt(number=1)]) == " cost unknown, limit $5, 1 of 12 runs"
    assert bill(unknown, attempts=[]) == " $0.00 of $5, 0 of 12 runs"
    assert plain([costs(unknown, None, LOOK, 80)]) == [" cost unknown"]


def asked(text: str, *more: pb.Question) -> list[str]:
    questions_ = [pb.Question(key="k", tool="Bash", text=text, attempt=3), *more]
    return plain(questions(pb.Task(questions=questions_), LOOK, 50))


def test_what_an_agent_asks_is_said_word_for_word() -> None:
    assert questions(pb.Task(), LOOK, 40) == []
    head, *text = asked("make clean &&\x1b[2J rm -rf build")
    assert head.startswith(" ? attempt 3 asks for Bash")
    assert text == ["   | make clean &&\\x1b[2J rm -rf build"]
    assert "asks for Bash, 1 of 2" in asked("x", pb.Question(key="l"))[0]
    long = asked("\n".join("abcdef"))
    assert long[1:] == ["   | a", "   | b", "   | (4 more lines)"]
    assert asked("\n" * 5000 + "x")[-1] == "   | (the beginning of 5001 characters)"
    cut = pb.Question(tool="Bash", text="x" * 5000, omitted=300)
    assert plain(questions(pb.Task(questions=[cut]), LOOK, 5000))[-1] == "   | (the beginning of 5300 characters)"


def test_attempts_by_stage_with_the_one_that_is_looked_at() -> None:
    ran = [
        pb.Attempt(number=1, stage="plan", outcome="done"),
        pb.Attempt(number=2, stage="implement", outcome="crashed"),
        pb.Attempt(number=3, stage="implement", outcome="done"),
        pb.Attempt(number=4, stage="implement", gate="review", outcome="done"),
        pb.Attempt(number=5, stage="implement"),
    ]
    assert plain([attempts(ran, 3, LOOK, 80)]) == [" plan 1  implement 2x [3]  review? 4  implement 5."]
    assert plain([attempts(ran, 5, LOOK, 80)]) == [" plan 1  implement 2x 3  review? 4  implement [5.]"]
    many = [pb.Attempt(number=number, stage="implement", outcome="done") for number in range(1, 60)]
    assert plain([attempts(many, 30, LOOK, 30)]) == [" … implement 28 29 [30] 31 32…"]
    assert plain([attempts(many, 1, LOOK, 30)]) == [" implement [1] 2 3 4 5 6 7 8 …"]


def test_the_chosen_tab_is_marked() -> None:
    line = tabs("gates", "attempt 1", LOOK, 80)
    assert [text for style, text in line if "reverse" in style] == [" gates "]
    assert plain([line]) == ["  output   diff   gates   why    attempt 1"]


@pytest.mark.parametrize(
    ("attempt", "told"),
    [
        (
            pb.Attempt(number=2, stage="implement", agent="claude", outcome="done", cost_usd=0.5, turns=12),
            "attempt 2, implement: claude, done, $0.50, 12 turns",
        ),
        (
            pb.Attempt(
                number=3, stage="implement", agent="codex", gate="review", started_at="2027-01-15T07:56:00.000Z"
            ),
            "attempt 3, review for review: codex, running, 4m",
        ),
        (
            pb.Attempt(number=4, stage="implement", by="mona", outcome="done"),
            "attempt 4, implement: mona, by hand, done",
        ),
    ],
)
def test_an_attempt_in_a_line(attempt: pb.Attempt, told: str) -> None:
    assert told_of(attempt, NOW) == told


def detail(**gate: object) -> pb.TaskDetail:
    given = {"name": "tests", "kind": "command", "stage": "implement", "reason": "2 of 48"}
    return pb.TaskDetail(task=pb.Task(id=1, gates=[pb.Gate(**{**given, **gate})]))  # type: ignore[arg-type]


OUTPUT = "\n".join(f"line {number}" for number in range(20))


def test_of_a_refusal_the_end_is_shown() -> None:
    lines = plain(gates(detail(verdict="fail", output=OUTPUT), LOOK, 80, unfolded=False))
    assert lines[0] == " implement  tests  fail  command  2 of 48"
    assert lines[1] == "    (8 lines folded, z)"
    assert lines[-1] == "  | line 19"
    assert len(gates(detail(verdict="fail", output=OUTPUT), LOOK, 80, unfolded=True)) == 21


def test_a_pass_says_how_it_was_and_folds() -> None:
    lines = plain(gates(detail(verdict="pass", output="ok", advisory=True, flaky=True), LOOK, 80, unfolded=False))
    assert lines == [
        " implement  tests  pass  command, advisory, flaky  2 of 48",
        "    (1 line folded, z)",
    ]


def test_where_there_is_no_room_nothing_of_a_verdict_is_cut() -> None:
    told = detail(verdict="fail", advisory=True, flaky=True, reason="2 of 48 failed, see below")
    assert plain(gates(told, LOOK, 40, unfolded=False)) == [
        " implement  tests  fail",
        "    command, advisory, flaky  2 of 48",
        "    failed, see below",
    ]


def test_what_was_not_asked_is_said() -> None:
    assert "not asked yet" in plain(gates(detail(), LOOK, 80, unfolded=False))[0]
    assert "no gates" in plain(gates(pb.TaskDetail(), LOOK, 80, unfolded=False))[0]


def test_why_tells_reasons_and_ways_out(task: Make) -> None:
    overlap = pb.Overlap(id=11, title="Fix it", files=["a.py"])
    explained = pb.Explanation(lines=["task 12 waits"], commands=["foremanctl approve 12"])
    lines = plain(why(explained, pb.TaskDetail(task=task(overlaps=[overlap]), prompt="Add it\nplease"), LOOK, 80))
    assert lines[:5] == [
        " task 12 waits",
        " touches a.py with 11 (Fix it)",
        " what would move it",
        "   foremanctl approve 12",
        "",
    ]
    assert "   Add it" in lines
    assert "   please" in lines


FACTS: list[tuple[str, dict[str, object]]] = [
    ("AttemptStarted", {"number": 1, "gate": ""}),
    ("AttemptEnded", {"number": 1}),
    ("SentBack", {"feedback": "tests fail"}),
    ("Said", {"message": "look in tests/data"}),
    ("AttemptStarted", {"number": 2, "gate": "review"}),
    ("AttemptStarted", {"number": 3, "gate": ""}),
    ("AttemptStarted", {"number": 4, "gate": ""}),
]


@pytest.mark.parametrize(
    ("attempt", "told"), [(1, ""), (2, ""), (3, "tests fail\n\nlook in tests/data"), (4, ""), (9, "")]
)
def test_what_an_attempt_was_told(attempt: int, told: str) -> None:
    assert feedback_of(FACTS, attempt) == told


ANY = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("\x1b\x9b\u202e漢\u0301\n")), max_size=40
)


@settings(deadline=None)
@given(ANY, ANY, ANY, st.integers(20, 120))
def test_whatever_is_written_fits(title: str, name: str, output: str, columns: int) -> None:
    task = pb.Task(
        id=1,
        title=title,
        stage=name,
        stages=[name],
        reason=output,
        gates=[pb.Gate(name=name, verdict="fail", output=output)],
        questions=[pb.Question(tool=name, text=output)],
    )
    told = pb.TaskDetail(task=task, prompt=output)
    lines = [
        *head(Model(), task, LOOK, columns),
        *questions(task, LOOK, columns),
        attempts([pb.Attempt(number=1, stage=name)], 1, LOOK, columns),
        *gates(told, LOOK, columns, unfolded=True),
        *why(pb.Explanation(lines=[title], commands=[output]), told, LOOK, columns),
    ]
    for line, text in zip(lines, plain(lines), strict=True):
        assert width_of(line) <= columns
        assert not set(text) & set("\x1b\x9b\u202e\n")


def test_a_taken_task_says_where_in_full(task: Make) -> None:
    where = "/home/mona/.local/state/foremand/tasks/12/" + "deep/" * 20 + "tree"
    told = "".join(text.strip() for text in plain(head(Model(), task(waiting_for="taken", workspace=where), LOOK, 50)))
    assert where in told
    assert "t gives it back" in told
