"""What can go wrong around a run that is not the program's own doing."""

from pathlib import Path


class ExecutorError(Exception):
    """A run could not be started, watched or confined. `reason`: what and why; `hint`: what to do about it."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(f"{reason} ({hint})" if hint else reason)
        self.reason = reason
        self.hint = hint


class RunLost(ExecutorError):
    """The run's supervisor vanished without a record of the end: what the program did last is not known."""

    def __init__(self, run: Path, detail: str) -> None:
        super().__init__(f"the run in {run} was lost: {detail}", "start it again as a new attempt")
        self.run = run


class NotStarted(ExecutorError):
    """There is nothing to wait for: the run was never started."""

    def __init__(self, run: Path) -> None:
        super().__init__(f"the run in {run} was never started", "start it first")
        self.run = run


class StartFailed(ExecutorError):
    """The supervisor itself could not be started; the program did not run."""

    def __init__(self, run: Path, detail: str) -> None:
        super().__init__(f"cannot start the run in {run}: {detail}", "look at free disk space, limits and permissions")
        self.run = run


class SandboxMissing(ExecutorError):
    """`sandbox = "required"`, and bubblewrap cannot confine anything here."""
