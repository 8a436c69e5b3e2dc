"""What a person is told before they decide: what to look at twice, what gates saw, and above all what they did not."""

from typing import Any

import pytest

from foremanctl.terminal.decision_brief import Known, brief
from foremanctl.terminal.decision_files import is_policy, sensitive
from foremanctl.terminal.decision_gates import checked, here, not_checked, refused, reviews, waiting
from foremanctl.terminal.decision_page import brief_lines
from foremanctl.terminal.decision_words import Note, files_named
from foremanctl.terminal.paint import Look, width_of
from foremanctl.terminal.patch import File, Patch
from foremand.v1 import foremand_pb2 as pb

REVISION = "a1b2c3d4e5f6" + "0" * 28


def files(*paths: str) -> list[File]:
    return [File(0, 0, old=path, new=path, added=1) for path in paths]


def gate(name: str, verdict: str = "pass", kind: str = "command", stage: str = "land", **more: Any) -> pb.Gate:
    return pb.Gate(name=name, verdict=verdict, kind=kind, stage=stage, revision=REVISION, **more)


OWNER = gate("owner", "waiting", "human", reason="is it what you meant?")
SECRETS = gate("secrets", kind="secrets")


def task(*gates: pb.Gate, **more: Any) -> pb.Task:
    given = {"files": 2, "added": 3, "removed": 1, "state": pb.WAITING, "waiting_for": "person"} | more
    return pb.Task(
        id=12,
        title="Export",
        stage="land",
        into="main",
        revision=REVISION,
        gates=gates,
        reason="approve owner?",
        **given,
    )


def texts(notes: list[Note]) -> list[str]:
    return [note.text for note in notes]


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (".foremand/pipeline.toml", "policy"),
        (".foremand/prompts/x.md", "policy"),
        (".github/workflows/ci.yml", "CI"),
        ("Jenkinsfile", "CI"),
        ("web/package-lock.json", "lock file"),
        ("Cargo.lock", "lock file"),
        ("go.sum", "lock file"),
        ("package.json", "dependencies"),
        ("requirements-dev.txt", "dependencies"),
        ("Makefile", "run by the build"),
        ("docker/Dockerfile.prod", "run by the build"),
        ("tests/conftest.py", "run by the build"),
        ("tools/deploy.sh", "script"),
        ("scripts/deploy", "script"),
        (".gitattributes", "git"),
        (".pre-commit-config.yaml", "git hook"),
        ("AGENTS.md", "told to agents"),
        (".claude/settings.json", "told to agents"),
        (".env", "environment"),
    ],
)
def test_files_that_decide_what_runs_deserve_a_second_look(path: str, why: str) -> None:
    (file,) = files(path)
    assert sensitive(file) == (why,)
    assert is_policy(file) == (why == "policy")
    renamed = File(0, 0, old=path, new="harmless.txt", renamed=True)
    assert sensitive(renamed) == (why,)


@pytest.mark.parametrize("path", ["src/a.py", "docs/scripting.md", "lib/cargo.locked", "foremand/x.py", "README"])
def test_other_files_do_not(path: str) -> None:
    assert sensitive(*files(path)) == ()


def test_modes_and_content_count_too() -> None:
    def file(**more: Any) -> File:
        return File(0, 0, old="a", new="a", **more)

    assert sensitive(file(old_mode="100644", new_mode="100755")) == ("made executable",)
    assert sensitive(file(old_mode="100755", new_mode="100755")) == ("executable",)
    assert sensitive(file(old_mode="100755", new_mode="100644")) == ()
    assert sensitive(file(new_mode="120000")) == ("link",)
    assert sensitive(file(new_mode="160000")) == ("submodule",)
    assert sensitive(file(binary=True)) == ("binary",)
    assert sensitive(File(0, 0, new="x\u202egnp.exe")) == ("its name hides characters",)
    assert sensitive(File(0, 0, old="a", new_mode="", old_mode="100755")) == ()  # deleted


def test_only_the_gates_of_this_place_speak_of_what_is_shown() -> None:
    asked = task(gate("old", "fail", stage="implement"), gate("tests"), OWNER)
    assert [each.name for each in here(asked)] == ["tests", "owner"]
    assert [each.name for each in waiting(asked)] == ["owner"]
    assert refused(asked) == []
    stuck = task(gate("tests", "fail"), gate("lint", "fail", advisory=True), gate("safe", "error", "review"), OWNER)
    assert [each.name for each in refused(stuck)] == ["tests", "safe"]


def test_every_gate_is_told_with_its_verdict_and_what_it_printed_where_it_refused() -> None:
    asked = task(
        gate("tests", reason="48 passed", flaky=True),
        gate("lint", "fail", advisory=True, reason="2 complaints", output="one\ntwo\n"),
        gate("later", ""),
        OWNER,
    )
    assert texts(checked(asked)) == [
        "+ tests (command, flaky) pass: 48 passed",
        "x lint (command, advisory) fail: 2 complaints",
        "    one",
        "    two",
        "  later (command) not asked yet",
        "? owner (human) waiting: is it what you meant?",
    ]


def test_what_was_not_checked_is_told_by_name() -> None:
    changed = files("src/a.py", "web/b.ts", "docs/c.md")
    asked = task(
        gate("pytest", paths=["src/**"]),
        gate("web", "skipped", paths=["app/**"], reason="the change touches none of its paths"),
        gate("lint", "fail", advisory=True, reason="ugly"),
        gate("types", "waived", reason="waived by mona: see #88"),
        gate("slow", ""),
        gate("flaky", flaky=True, paths=["web/**"]),
        OWNER,
        unsandboxed=True,
    )
    told = texts(not_checked(asked, changed, ["left out by a new ignore rule, kept beside: build/"]))
    assert told == [
        "pytest (command) is for src/** alone: it says nothing of web/b.ts, docs/c.md",
        "web (command) did not run: the change touches none of its paths",
        "lint (command) said fail and stops nothing, being advisory: ugly",
        "types (command) was let pass: waived by mona: see #88",
        "slow (command) was not asked yet",
        "flaky (command) is flaky: it failed on the same files before it passed",
        "flaky (command) is for web/** alone: it says nothing of src/a.py, docs/c.md",
        "no gate looks for secrets",
        "left out by a new ignore rule, kept beside: build/",
        "unsandboxed: nothing confines its agents and gates",
    ]
    without_lint = task(gate("pytest", paths=["src/**"]), SECRETS, OWNER)
    assert texts(not_checked(without_lint, changed, []))[-1] == "no command and no review looked at web/b.ts, docs/c.md"


def test_where_all_was_checked_nothing_is_claimed_to_be_missing() -> None:
    policy = gate("foremand-policy", "skipped", "human", paths=[".foremand/**"])
    assert not_checked(task(gate("tests"), SECRETS, policy, OWNER), files("a.py", "b.py"), []) == []
    # A secrets gate looks at every file, and says nothing of what the code does.
    assert texts(not_checked(task(SECRETS, OWNER), files("a.py"), [])) == ["no command and no review looked at a.py"]
    # A protected gate's paths are what it guards, not what it is for.
    guarded = gate("guard", kind="protected", paths=["db/**"])
    assert not_checked(task(gate("tests"), guarded, SECRETS, OWNER), files("a.py"), []) == []


def test_a_renamed_file_is_looked_at_under_either_name() -> None:
    moved = [File(0, 0, old="src/a.py", new="lib/a.py", renamed=True)]
    assert not_checked(task(gate("tests", paths=["src/**"]), SECRETS, OWNER), moved, []) == []


def test_reviewers_are_heard_in_their_own_words() -> None:
    asked = task(gate("safe", kind="review", output="critic:\nAPPROVE, but see\nline 3"), gate("tests", output="noise"))
    assert texts(reviews(asked)) == ["safe", "critic:", "APPROVE, but see", "line 3"]


def known(*gates: pb.Gate, **more: Any) -> Known:
    detail = pb.TaskDetail(
        task=task(*gates, cost_usd=0.61),
        prompt="Add an export.\n\nAs CSV.",
        attempts=[
            pb.Attempt(stage="plan", number=1, agent="claude", outcome="done", output="1. read\n2. write"),
            pb.Attempt(stage="implement", number=2, agent="claude", outcome="done"),
        ],
        approvals=[pb.Approval(gate="owner", decision="rework", revision="0" * 40, by="mona", message="shorter")],
        limits=pb.Limits(attempts=12, cost_usd=5.0),
        worst_case=pb.WorstCase(agent_runs=3, cost_usd=2.1),
    )
    for name, value in more.pop("detail", {}).items():
        getattr(detail, name).extend(value)
    return Known(detail, files=files("src/a.py", ".foremand/pipeline.toml"), **more)


def sections(of: Known) -> dict[str, list[str]]:
    return {section.title: texts(list(section.notes)) for section in brief(of)}


def test_the_brief_has_everything_in_the_order_of_the_decision() -> None:
    told = sections(known(gate("tests"), SECRETS, OWNER, lines=["task 12 is WAITING"]))
    assert list(told) == [
        "to decide",
        "look here",
        "asked",
        "gates",
        "worst case left",
        "plan: what claude handed on (attempt 1)",
        "answers so far",
        "why it stands there",
    ]
    assert told["to decide"] == [
        "owner (land): is it what you meant?",
        "revision a1b2c3d4e5f6, 2 files +3 -1, it lands on main",
    ]
    assert told["look here"] == [
        "it changes the rules by which it is judged: .foremand/pipeline.toml",
        "M .foremand/pipeline.toml: policy",
    ]
    assert told["asked"] == ["Add an export.", "", "As CSV."]
    assert told["worst case left"] == [
        "at worst 3 more agent runs, $2.10; then it stops and asks",
        "what you send back comes on top, within 10 of 12 agent runs, $4.39 of $5.00",
    ]
    assert told["plan: what claude handed on (attempt 1)"] == ["1. read", "2. write"]
    assert told["answers so far"] == ["mona sent it back for owner at 000000000000 - ago: shorter"]


def test_an_unknown_cost_is_never_called_nothing() -> None:
    of = known(OWNER)
    of.task.ClearField("cost_usd")
    of.detail.worst_case.ClearField("cost_usd")
    assert sections(of)["worst case left"] == [
        "at worst 3 more agent runs, cost without a bound; then it stops and asks",
        "what you send back comes on top, within 10 of 12 agent runs, $5.00 less what was spent, which is unknown",
    ]
    of.detail.ClearField("worst_case")
    of.detail.limits.ClearField("attempts")
    assert sections(of)["worst case left"] == ["within $5.00 less what was spent, which is unknown"]
    of.detail.ClearField("limits")
    assert "worst case left" not in sections(of)


def test_overlaps_and_what_is_new_stand_out() -> None:
    of = known(OWNER, looked="b" * 40)
    of.task.overlaps.append(pb.Overlap(id=9, title="other", files=["src/a.py"], conflicts=["src/a.py"]))
    of.task.raised_by.append("src/a.py")
    of.task.profile = "strict"
    of.detail.approvals.append(pb.Approval(gate="owner", decision="approved", revision="c" * 40, by="tim"))
    told = sections(of)["look here"]
    assert "touches src/a.py with 9; would conflict (other)" in told
    assert "raised to profile strict by src/a.py" in told
    assert f"it has changed since you looked at {'b' * 12}: d shows only that" in told
    assert f"tim approved owner at {'c' * 12} - ago; d shows what has changed since" in told
    assert not any("since you looked" in text for text in sections(known(OWNER, looked=REVISION))["look here"])


def test_the_revision_is_the_one_that_the_gate_asks_about() -> None:
    of = known(OWNER)
    of.task.revision = "f" * 40
    assert of.revision == REVISION
    assert Known(pb.TaskDetail(task=pb.Task(revision="f" * 40)), shown="e" * 40).revision == "e" * 40


def test_hostile_words_neither_act_nor_take_for_ever() -> None:
    of = known(OWNER)
    of.detail.prompt = "\x1b[2J\u202e" + "x" * 1_000_000 + "\n" + "y\n" * 100_000
    of.detail.attempts[0].output = "日本" * 300_000
    for width in (1, 20, 50, 250):
        for line in brief_lines(brief(of), width, Look()):
            assert width_of(line) <= max(width, 2)
            assert not any(ord(char) < 32 or char == "\u202e" for _, text in line for char in text)


def test_only_the_first_of_many_files_are_named() -> None:
    assert files_named(files(*"abcdefgh")) == "a, b, c, d, e, f and 2 more"
    assert Patch.of(b"").files == []
