"""The proof, on a morning whose outcome is made by hand: it holds as it should be, and sees each single lie."""

import io

import msgspec
import pytest

from foremanctl.demo import proof, scripted
from foremanctl.demo.house import House
from foremanctl.demo.monday import FEATURE, UPGRADE, Monday
from foremanctl.demo.narrator import Narrator
from foremanctl.demo.person import Person


class Morning:
    """A morning that went well: the repository, and what foremand would say of it."""

    def __init__(self, house):
        self.house = house
        self.monday = Monday()
        self.person = Person(house, Narrator(io.StringIO()))
        first = house.git("rev-parse", "main").strip()
        fixed = self.commit("Fix", {"shop/cart.py": (scripted.OLD_DISCOUNT, scripted.RIGHT_DISCOUNT)})
        tests = self.commit("Test", {"tests/test_cart.py": ("", scripted.DISCOUNT_TESTS)}, onto=fixed)
        fix = self.squash(first, tests, "Fix")
        self.commit(
            "Route", {"shop/api.py": ("", scripted.STOCK_ROUTE), "tests/test_api.py": ("", scripted.STOCK_TEST)}
        )
        feature = house.git("rev-parse", "main").strip()
        self.keep_rejected(house)
        self.person.main_when_asked[FEATURE.name] = fix
        self.told = proof.Record(
            bug_fix=task(1, "LANDED", landed_commit=fix, attempts=attempts("plan", "implement", "implement")),
            feature=task(2, "LANDED", landed_commit=feature, approvals=answers(FEATURE.gate, "approved")),
            upgrade=task(
                3, "REJECTED", approvals=answers(UPGRADE.gate, "rejected"), revision=self.rejected, landed_commit=None
            ),
            events=({"seq": 1, "type": "VerdictGiven", "task": 1, "gate": "tests", "verdict": "fail"},),
            transcript=f"the gate told me: FAIL: {scripted.HALF_A_CENT}\n",
            rejected_diff="-moneylib==1.9.2\n+moneylib==3.0.0\n",
        )

    def commit(self, message, changes, onto=None):
        for path, (old, new) in changes.items():
            file = self.house.repository / path
            text = file.read_text()
            file.write_text(text.replace(old, new) if old else text + new)
        self.house.git("commit", "--quiet", "--all", f"--message={message}")
        return self.house.git("rev-parse", "HEAD").strip()

    def squash(self, base, tip, message):
        self.house.git("reset", "--quiet", "--soft", base)
        self.house.git("commit", "--quiet", f"--message={message}")
        return self.house.git("rev-parse", "HEAD").strip()

    def keep_rejected(self, house):
        store = house.home / "state" / "work" / "3.git"
        house.git("clone", "--quiet", str(house.repository), str(store))
        (store / "requirements.txt").write_text("moneylib==3.0.0\n")
        house.git("-c", "user.name=f", "-c", "user.email=f@e", "commit", "--quiet", "--all", "--message=seal", at=store)
        self.rejected = house.git("rev-parse", "HEAD", at=store).strip()

    def lies(self):
        """What the branch does not show."""
        return untrue(proof.of_the_branch(self.house, self.told, self.person, self.monday))

    def lies_if_told(self, **fields):
        """What does not hold where foremand says `fields` instead."""
        told = msgspec.structs.replace(self.told, **fields)
        return untrue([*proof.of_the_pipeline(told, self.monday), *proof.of_the_kept_work(self.house, told)])


def untrue(findings):
    return [finding.claim for finding in findings if not finding.holds]


def task(number, state, **fields):
    return {"id": number, "state": state, "reason": "so it is", "attempts": [], "approvals": [], **fields}


def attempts(*stages):
    return [{"stage": stage, "number": number} for number, stage in enumerate(stages, 1)]


def answers(gate, decision):
    return [{"gate": gate, "decision": decision}]


@pytest.fixture
def morning():
    house = House.build(Monday().files)
    yield Morning(house)
    house.remove()


@pytest.fixture(scope="module")
def told_of():
    """A morning that is only told otherwise: nothing may change its repository."""
    house = House.build(Monday().files)
    yield Morning(house)
    house.remove()


def test_as_it_should_be(morning):
    assert morning.lies() == []
    assert morning.lies_if_told() == []


@pytest.mark.parametrize(
    ("lie", "claim"),
    [
        ({"events": ()}, "the test gate refused the bug fix once, and nothing else"),
        ({"transcript": "all is well"}, "the second attempt was told which test had failed"),
        ({"rejected_diff": ""}, "the rejected work can be looked at"),
    ],
)
def test_what_foremand_does_not_say_is_missed(told_of, lie, claim):
    assert told_of.lies_if_told(**lie) == [claim]


@pytest.mark.parametrize(
    ("who", "lie", "claim"),
    [
        ("bug_fix", {"attempts": attempts("plan", "implement")}, "the bug fix took two attempts"),
        ("bug_fix", {"state": "WAITING"}, "the bug fix landed"),
        ("feature", {"approvals": []}, "the feature was approved by a person at api-owner"),
        (
            "feature",
            {"approvals": answers("api-owner", "rejected")},
            "the feature was approved by a person at api-owner",
        ),
        ("feature", {"state": "FAILED"}, "the feature ended LANDED"),
        (
            "upgrade",
            {"approvals": answers("tests", "rejected")},
            "the upgrade was rejected by a person at final-review",
        ),
        ("upgrade", {"state": "LANDED"}, "the upgrade ended REJECTED"),
        ("upgrade", {"revision": "f" * 40}, "it is kept as a commit"),
    ],
)
def test_a_task_that_ended_otherwise_is_missed(told_of, who, lie, claim):
    lies = told_of.lies_if_told(**{who: {**getattr(told_of.told, who), **lie}})
    assert claim in lies
    assert set(lies) <= {claim, "the second attempt was told which test had failed"}


def test_a_landed_commit_that_is_not_on_main_is_seen(morning):
    morning.told.feature["landed_commit"] = "f" * 40
    assert morning.lies() == ["main has one commit for each landed task"]


@pytest.mark.parametrize(
    ("changes", "claim"),
    [
        ({"requirements.txt": ("1.9.2", "3.0.0")}, "the upgrade is not on main"),
        (
            {"shop/cart.py": (scripted.RIGHT_DISCOUNT, scripted.WRONG_DISCOUNT)},
            "the tests pass in a fresh clone of main",
        ),
        ({"shop/api.py": ("/stock", "/stick")}, "it rounds rightly and answers /stock"),
        ({".gitignore": ("", "*.log\n")}, "they change what they should and nothing else"),
    ],
)
def test_another_branch_than_it_should_be_is_seen(morning, changes, claim):
    morning.commit("amiss", changes)
    assert claim in morning.lies()


def test_files_that_did_not_move_along_are_seen(morning):
    (morning.house.repository / "shop/cart.py").write_text("")
    assert morning.lies() == ["the checked-out files moved along"]


@pytest.mark.parametrize("asked", [None, "main"])
def test_a_feature_that_landed_before_it_was_approved_is_seen(morning, asked):
    morning.person.main_when_asked = {FEATURE.name: asked} if asked else {}
    assert morning.lies() == ["the feature was not on main before it was approved"]
