"""The agent that is any program: prompt in, exit code out.

The prompt comes on stdin and in FOREMAND_PROMPT_FILE. What the stage hands on is the file FOREMAND_OUTPUT, else
the end of stdout. Nobody knows what it costs.
"""

from contextlib import suppress
from pathlib import Path

import msgspec

from foremand.agents.port import AgentEvent, File, Job, Launch, Outcome, OutcomeKind, Question, Usage
from foremand.agents.words import cut, ending, last_line
from foremand.core.spec import Agent
from foremand.files import read_regular

OUTPUT_LIMIT = 64 * 1024
"""Bytes of output that a stage hands on at most: of stdout the last, of FOREMAND_OUTPUT the first."""

NOT_STARTED = {126: "is not executable", 127: "was not found"}


class Command:
    """The adapter for `adapter = "command"`."""

    program = None
    hint = "Name the whole agent in its `command`, and install that program where the submitting shell finds it."
    version_args = ()

    def launch(self, agent: Agent, job: Job) -> Launch:
        """The program as the pipeline file names it. Limits cannot be passed on: it has no flags we know."""
        prompt = job.prompt.encode(errors="surrogateescape")
        prompt_file = job.home / "tmp" / f"prompt-{job.attempt}"
        return Launch(
            argv=(*agent.command, *agent.args),
            env={
                "FOREMAND_TASK": str(job.task),
                "FOREMAND_STAGE": job.stage,
                "FOREMAND_PROMPT_FILE": str(prompt_file),
                "FOREMAND_OUTPUT": str(job.output),
            },
            stdin=prompt,
            credentials=agent.env,
            prepare=(File(prompt_file, prompt), File(job.output, b"")),
        )

    def inherited(self, users: Path, home: Path) -> tuple[File, ...]:  # noqa: ARG002
        """Nothing is known of what a person keeps for it."""
        return ()

    def words(self, text: str, key: str, *, interrupt: bool) -> bytes:  # noqa: ARG002 - the port's signature
        """Nothing: a plain program reads its stdin to the end before it begins."""
        return b""

    def answer(self, key: str, allow: bool, message: str) -> bytes:  # noqa: ARG002 - the port's signature
        """Nothing: a plain program asks nothing."""
        return b""

    def reader(self, job: Job, state: bytes | None = None) -> "CommandReader":
        """A reader that takes each line for text."""
        return CommandReader(job.output, msgspec.msgpack.decode(state) if state else b"")

    def resumable(self, home: Path, session_id: str) -> bool:  # noqa: ARG002 - the port's signature
        """Never: a plain program has no sessions. Its HOME and its files are its memory."""
        return False


class CommandReader:
    """Reads a plain program's stdout."""

    def __init__(self, output: Path, tail: bytes) -> None:
        self._output = output
        self._tail = bytearray(tail)

    def feed(self, line: bytes) -> tuple[AgentEvent, ...]:
        """One line, one text event."""
        self._tail += line
        self._tail += b"\n"
        if len(self._tail) > 2 * OUTPUT_LIMIT:
            del self._tail[:-OUTPUT_LIMIT]
        return (AgentEvent("text", cut(line.decode(errors="replace"))),)

    def usage(self) -> Usage:
        """Unknown, which is not zero."""
        return Usage()

    def heard(self) -> tuple[str, ...]:
        """Nothing but its prompt."""
        return ()

    def questions(self) -> tuple[Question, ...]:
        """None."""
        return ()

    def rests(self) -> bool:
        """Its end is the end of its process."""
        return False

    def state(self) -> bytes:
        """The end of stdout so far."""
        return msgspec.msgpack.encode(bytes(self._tail[-OUTPUT_LIMIT:]))

    def finish(self, exit_code: int | None, signal: int | None, stop_reason: str | None, stderr_tail: str) -> Outcome:
        """The exit code is the outcome."""
        output = self._handed_on()
        said = last_line(stderr_tail) or last_line(output)
        kind, reason = self._judge(exit_code, signal, stop_reason)
        if kind not in ("done", "stopped") and said:
            reason = f"{reason}: {said}"
        return Outcome(kind=kind, reason=reason, output=output)

    def _judge(self, exit_code: int | None, signal: int | None, stop_reason: str | None) -> tuple[OutcomeKind, str]:
        if stop_reason is not None:
            return "stopped", stop_reason
        if exit_code == 0 and signal is None:
            return "done", "the command ended with exit code 0"
        if exit_code in NOT_STARTED:
            return "missing", f"the agent's command {NOT_STARTED[exit_code]} (exit code {exit_code})"
        return ("failed" if signal is None else "crashed"), f"the command {ending(exit_code, signal)}"

    def _handed_on(self) -> str:
        written = b""
        with suppress(OSError):
            written = read_regular(self._output, OUTPUT_LIMIT)
        return (written or bytes(self._tail[-OUTPUT_LIMIT:])).decode(errors="replace").strip()
