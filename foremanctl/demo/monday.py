"""What is to happen on the demo's Monday: the three tasks, and what the person answers to each."""

from typing import Literal

from msgspec import Struct, field

from foremanctl.demo import shop

Answer = Literal["approve", "reject"]


class Errand(Struct, frozen=True, kw_only=True):
    """One task of the morning.

    `name` is what the narration calls it. `gate` is the human gate at which it must stop, None where machines alone
    decide; `answer` is then what the person says there (None: nothing, and the task waits on).
    """

    name: str
    prompt: str
    gate: str | None = None
    answer: Answer | None = None
    message: str = ""


BUG_FIX = Errand(
    name="bug fix",
    prompt="Fix #412: discounts are rounded wrongly, 15 % off 9.99 must cost 8.49",
)
FEATURE = Errand(
    name="feature",
    prompt="Add the route /stock to the API: how many of each article are left",
    gate="api-owner",
    answer="approve",
    message="reads well",
)
UPGRADE = Errand(
    name="upgrade",
    prompt="Upgrade the dependency moneylib",
    gate="final-review",
    answer="reject",
    message="3.0 is a major version, we are not ready for it",
)


class Monday(Struct, frozen=True, kw_only=True):
    """A whole morning. The defaults are the demo; tests break it by giving other parts.

    `files` is the repository's first commit, its pipeline included. `patience` is how many seconds nothing may
    happen before it is given up.
    """

    files: dict[str, str] = field(default_factory=shop.files)
    bug_fix: Errand = BUG_FIX
    feature: Errand = FEATURE
    upgrade: Errand = UPGRADE
    patience: float = 40.0

    @property
    def errands(self) -> tuple[Errand, Errand, Errand]:
        """The three tasks, in the order in which they are dispatched."""
        return self.bug_fix, self.feature, self.upgrade
