"""What a task has cost, and the most that it can still take, in words. What is unknown is never called nothing."""

from foremand.v1 import foremand_pb2 as pb


def is_known(task: pb.Task, detail: pb.TaskDetail) -> bool:
    """Whether anybody knows what the task has cost: an agent that has begun may have cost something."""
    return task.HasField("cost_usd") or all(each.by for each in detail.attempts)


def spent(task: pb.Task, detail: pb.TaskDetail | None) -> str:
    """Money and agent runs, each of its limit: `$0.61 of $5, 2 of 12 runs`."""
    if detail is None:
        return f"${task.cost_usd:.2f}" if task.HasField("cost_usd") else "cost unknown"
    limits = detail.limits
    limited = limits.HasField("cost_usd")
    if is_known(task, detail):
        money = f"${task.cost_usd:.2f}" + (f" of ${limits.cost_usd:g}" if limited else "")
    else:
        money = "cost unknown" + (f", limit ${limits.cost_usd:g}" if limited else "")
    runs = sum(not each.by for each in detail.attempts)
    most = f" of {limits.attempts}" if limits.HasField("attempts") else ""
    return f"{money}, {runs}{most} run{'' if f'{runs}{most}' == '1' else 's'}"


def worst(detail: pb.TaskDetail, unit: str = "") -> str:
    """The worst case left: `at worst 6 more, $4.39`, with a `unit` `at worst 6 more agent runs, $4.39`. Empty where
    there is none: before the task has started, and once it is over."""
    if not detail.HasField("worst_case"):
        return ""
    case = detail.worst_case
    named = f" {unit}{'' if case.agent_runs == 1 else 's'}" if unit else ""
    money = f"${case.cost_usd:.2f}" if case.HasField("cost_usd") else "cost without a bound"
    return f"at worst {case.agent_runs or 'no'} more{named}, {money}"
