"""A task with everything that a person may have to look at: what the pictures of the task and decision screens show."""

from pathlib import Path

from foremand.v1 import foremand_pb2 as pb

BEFORE, NOW = "7e57ab1e" * 5, "a1b2c3d4" * 5
"""The revision that was looked at before, and the one that asks."""

PROMPT = """Add /v2/export: all orders of a customer as CSV.
Amounts are in cents; keep /v1 as it is. See docs/export.md for the columns.
"""

PLAN = """1. A generator in shop/api/export.py, so that large exports do not sit in memory.
2. The route in shop/api/v2.py, behind the same login as /v1.
3. Tests with 0, 1 and 100,000 orders.
"""

REVIEWS = """codex:
VERDICT: approve
The generator closes its cursor. `limit` is not validated: a negative one gives everything.

gemini:
VERDICT: approve
Fine.
"""

LINT = """shop/api/v2.py:9:5: E722 do not use bare except
shop/api/v2.py:14:80: E501 line too long (97 > 79)
Found 2 errors.
"""

_GOLDEN = Path(__file__).parent / "golden"
CHANGE = (_GOLDEN / "decision-change.patch").read_bytes()
SINCE = (_GOLDEN / "decision-since.patch").read_bytes()
"""All of the change, and what of it is new since the revision that was looked at before."""


def gate(name: str, kind: str, verdict: str, reason: str = "", stage: str = "land", **more: object) -> pb.Gate:
    return pb.Gate(name=name, kind=kind, verdict=verdict, reason=reason, stage=stage, revision=NOW, **more)  # type: ignore[arg-type]


GATES = [
    gate("plan-ok", "human", "pass", "approved by ann", "plan"),
    gate("tests", "command", "pass", "50 passed, 1 flaky", "implement"),
    gate("tests", "command", "pass", "50 passed", flaky=True, output="50 passed in 3.1s\n"),
    gate("types", "command", "pass", "exit 0", paths=["shop/**"]),
    gate("lint", "command", "fail", "exit 1", advisory=True, output=LINT),
    gate("web", "command", "skipped", "no file matches web/**", paths=["web/**"]),
    gate("secrets", "secrets", "pass", "nothing found in 2 commits"),
    gate("review", "review", "pass", "2 of 2 approve", output=REVIEWS),
    gate("foremand-policy", "human", "waiting", "the change touches .foremand/pipeline.toml"),
    gate("api-owner", "human", "waiting", "are the columns what finance asked for?"),
]


def attempt(number: int, stage: str, outcome: str = "done", **more: object) -> pb.Attempt:
    given: dict[str, object] = {
        "agent": "claude",
        "cost_usd": 0.12,
        "turns": 9,
        "started_at": f"2027-01-15T07:{40 + number}:00.000Z",
        "ended_at": f"2027-01-15T07:{41 + number}:30.000Z",
    }
    return pb.Attempt(number=number, stage=stage, outcome=outcome, **{**given, **more})  # type: ignore[arg-type]


ATTEMPTS = [
    attempt(1, "plan", output=PLAN),
    attempt(2, "implement", "crashed", reason="claude ended with exit code 1"),
    attempt(3, "implement", revision=BEFORE),
    attempt(4, "implement", revision=NOW, cost_usd=0.38, turns=31),
    attempt(5, "land", agent="codex", gate="review"),
    attempt(6, "land", agent="gemini", gate="review"),
]

APPROVALS = [
    pb.Approval(gate="plan-ok", decision="approved", revision=BEFORE, by="ann", at="2027-01-15T07:44:00.000Z"),
    pb.Approval(
        gate="api-owner",
        decision="rework",
        revision=BEFORE,
        by="tim",
        at="2027-01-15T07:52:00.000Z",
        message="cents, not euros",
    ),
]


def export_task(**more: object) -> pb.Task:
    given: dict[str, object] = {
        "id": 12,
        "title": "Add /v2/export",
        "repo": "/src/shop",
        "into": "main",
        "profile": "careful",
        "raised_by": [".foremand/pipeline.toml"],
        "state": pb.WAITING,
        "waiting_for": "person",
        "reason": "approve foremand-policy, api-owner?",
        "stages": ["plan", "implement"],
        "stage": "land",
        "attempt": 6,
        "revision": NOW,
        "cost_usd": 0.98,
        "tokens": 184_000,
        "files": 8,
        "added": 35,
        "removed": 3,
        "created_at": "2027-01-15T07:40:00.000Z",
        "updated_at": "2027-01-15T07:59:30.000Z",
        "unsandboxed": True,
        "overlaps": [
            pb.Overlap(id=11, title="Fix #412 rounding", files=["shop/money.py"], conflicts=["shop/money.py"]),
            pb.Overlap(id=15, title="Drop Python 3.8", files=["pyproject.toml"]),
        ],
        "gates": GATES,
    }
    return pb.Task(**{**given, **more})  # type: ignore[arg-type]


def export_detail(**more: object) -> pb.TaskDetail:
    given: dict[str, object] = {
        "task": export_task(),
        "prompt": PROMPT,
        "attempts": ATTEMPTS,
        "approvals": APPROVALS,
        "base": "b" * 40,
        "pipeline_hash": "5eed" * 16,
        "pipeline_origin": ".foremand/pipeline.toml",
        "notes": ["left out: build/export.bin, 12 MB, ignored by .gitignore"],
        "limits": pb.Limits(cost_usd=5, attempts=12),
        "worst_case": pb.WorstCase(agent_runs=6, cost_usd=4.02),
    }
    return pb.TaskDetail(**{**given, **more})  # type: ignore[arg-type]
