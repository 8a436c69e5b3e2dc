"""The answers that a person gives: each asked about once more, and bound to the revision that was shown."""

from collections.abc import Awaitable, Callable

from foremanctl.client import request_id
from foremanctl.exits import Conflict
from foremanctl.fleet import change
from foremanctl.harmless import line
from foremanctl.output import counted
from foremanctl.texts import written
from foremand.v1 import foremand_pb2 as pb

from .comments import Comments
from .decision_brief import Known
from .decision_gates import refused, waiting
from .screens import Terminal

Answer = Callable[[Terminal, Known, Comments], Awaitable[str]]
"""Gives what was answered, in words; empty if the person thought better of it. Only where it is `expected`. Raises
Failure."""


def expected(action: str, task: pb.Task) -> None:
    """Raises Conflict where nobody is asked for such an answer."""
    if action == "approve" and not waiting(task):
        raise Conflict(f"no gate of task {task.id} asks a person", why=task.reason)
    if action in ("rework", "reject") and not waiting(task) and task.waiting_for != "stuck":
        raise Conflict(f"task {task.id} asks nobody for an answer now", why=task.reason)
    if action == "waive" and not refused(task):
        raise Conflict(f"no gate of task {task.id} has refused: there is nothing to waive")


async def approve(terminal: Terminal, known: Known, said: Comments) -> str:
    """Yes, at every gate that asks."""
    task = known.task
    gates = [gate.name for gate in waiting(task)]
    names, revision = line(", ".join(gates)), known.revision
    then = f"then it may land on {line(task.into)}" if task.stage == "land" else f"then {line(task.stage)} is done"
    _warn(terminal, [then, *(["unsandboxed"] if task.unsandboxed else [])], said)
    if not await terminal.confirm(f"approve {names} at {revision[:12]}, {change(task) or 'no change'}?"):
        return ""
    for gate in gates:  # each by its name: what asks from now on was not shown
        request = pb.ApproveTaskRequest(request_id=request_id(), id=task.id, gate=gate, revision=revision)
        await terminal.ask("ApproveTask", request)
    return f"approved {names} of {task.id} at {revision[:12]}"


async def rework(terminal: Terminal, known: Known, said: Comments) -> str:
    """The work goes back with everything that was said about it."""
    task, message = known.task, said.message(known.revision)
    if not message:
        return ""
    if not await terminal.confirm(
        f"send {task.id} back at {known.revision[:12]} with {counted(len(said), 'comment')}?"
    ):
        return ""
    request = pb.AnswerTaskRequest(
        request_id=request_id(), id=task.id, message=written(message, "what is to change"), revision=known.revision
    )
    await terminal.ask("ReworkTask", request)
    count = counted(len(said), "comment")
    said.clear()
    return f"sent {task.id} back with {count}"


async def reject(terminal: Terminal, known: Known, said: Comments) -> str:
    """No: the task ends, its work is kept."""
    task = known.task
    reason = await terminal.line(f"reject {task.id}; why? ")
    if reason is None or not reason.strip():
        return ""
    _warn(terminal, [f"{task.id} ends; its work is kept"], said)
    if not await terminal.confirm(f"reject {task.id} at {known.revision[:12]}?"):
        return ""
    request = pb.AnswerTaskRequest(
        request_id=request_id(), id=task.id, message=written(reason, "the reason"), revision=known.revision
    )
    await terminal.ask("RejectTask", request)
    return f"rejected {task.id}"


async def waive(terminal: Terminal, known: Known, said: Comments) -> str:
    """One gate that refused is let pass, for a reason, on this revision alone."""
    task = known.task
    gates = {gate.name: gate for gate in refused(task)}
    name: str | None = next(iter(gates))
    if len(gates) > 1:
        name = await terminal.line(f"waive which of {line(', '.join(gates))}? ", line(name or ""))
    if name is None or not name.strip():
        return ""
    gate = gates.get(name.strip())
    if gate is None:
        raise Conflict(f"no gate {name.strip()!r} has refused", hint=f"those that have: {', '.join(gates)}")
    revision = gate.revision or known.revision
    reason = await terminal.line(f"waive {line(gate.name)} at {revision[:12]}, because: ")
    if reason is None or not reason.strip():
        return ""
    _warn(terminal, [f"{gate.verdict}: {gate.reason}" if gate.reason else gate.verdict], said)
    if not await terminal.confirm(f"waive {line(gate.name)} of {task.id} at {revision[:12]}?"):
        return ""
    request = pb.WaiveTaskRequest(
        request_id=request_id(), id=task.id, gate=gate.name, message=written(reason, "the reason"), revision=revision
    )
    await terminal.ask("WaiveTask", request)
    return f"waived {line(gate.name)} of {task.id} at {revision[:12]}"


def _warn(terminal: Terminal, told: list[str], said: Comments) -> None:
    """Above the question, which must be short: its beginning, too, has to be in sight in a narrow terminal."""
    unsent = [f"{counted(len(said), 'comment')} will not be sent"] if len(said) else []
    terminal.say("; ".join([*told, *unsent]))
