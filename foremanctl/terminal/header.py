"""The first line: how much works, who needs you, what the day has cost; and that the daemon is not heard, if so."""

from foremand.v1 import foremand_pb2 as pb

from .model import Model, asks
from .paint import BOLD, DIM, PLAIN, RED, YELLOW, Fragment, Line, Look, width_of

_HELP: Fragment = (DIM, "   ? help ")
_GAP: Fragment = (PLAIN, "   ")


def header(model: Model, look: Look, columns: int) -> Line:
    """As much of it as there is room for; what matters most first."""
    line: Line = [(BOLD, " foremand")]
    left = columns - width_of([*line, _HELP])
    for part in _parts(model):
        taken = width_of([_GAP, part])
        if taken > left:
            break
        line += [_GAP, part]
        left -= taken
    return look.fit([*line, (PLAIN, " " * max(0, left)), _HELP], columns)


def _parts(model: Model) -> list[Fragment]:
    parts: list[Fragment] = [(f"{YELLOW} bold reverse", f" {model.link}... ")] if model.link else []
    info = model.info
    if info is None:
        return parts
    tasks = model.tasks.values()
    needing = sum(map(asks, tasks))
    queued = sum(task.state == pb.QUEUED for task in tasks)
    landing = sum(task.queue_position > 0 for task in tasks)
    quota = sum(task.waiting_for == "quota" for task in tasks)
    parts.append((PLAIN, f"{info.running_agents} of {info.max_agents} agents"))
    if needing:
        parts.append((f"{YELLOW} bold", f"{needing} need{'s' if needing == 1 else ''} you"))
    parts += [(PLAIN, money)] if (money := _money(info)) else []
    parts += [(PLAIN, f"{queued} queued")] if queued else []
    parts += [(PLAIN, f"{landing} in line to land")] if landing else []
    parts += [(YELLOW, f"{quota} wait{'s' if quota == 1 else ''} for quota")] if quota else []
    parts += [] if info.sandboxed else [(RED, "unsandboxed")]
    return parts


def _money(info: pb.ServerInfo) -> str:
    """What the day has cost. Where nothing is known of that, agents may have cost something all the same."""
    limit = f"${info.daily_cost_usd:g}" if info.HasField("daily_cost_usd") else ""
    if info.spent_usd:
        return f"today ${info.spent_usd:.2f}{f' of {limit}' if limit else ''}"
    return f"at most {limit} today" if limit else ""
