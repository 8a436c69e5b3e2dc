"""Who approved a change is shown what became of it, and not what others did meanwhile."""

from foremand.git import interdiff


async def shown(work, old: tuple[str, str], new: tuple[str, str]) -> str:
    return b"".join([piece async for piece in interdiff(work, old, new)]).decode()


async def test_on_one_base_it_is_the_difference_of_the_revisions(work, user, change):
    base = user.head
    old = await change(work, base, {"a.txt": "one\ntwo\nthree\nfour\n", "n.txt": "n\n"})
    new = await change(work, base, {"a.txt": "one\ntwo\nthree\nFOUR\n", "n.txt": "n\n"})
    said = await shown(work, (base, old), (base, new))
    assert "-four\n+FOUR\n" in said and "n.txt" not in said
    assert await shown(work, (base, old), (base, old)) == ""


async def test_what_others_landed_is_not_shown(work, user, mirror, change):
    lines = [f"line {number}\n" for number in range(40)]
    base = user.commit({"long.txt": "".join(lines)})
    await mirror.fetch()
    old = await change(work, base, {"long.txt": "".join([*lines, "mine\n"])})
    tip = user.commit({"long.txt": "".join(["theirs\n", *lines]), "theirs.txt": "x\n"})
    await mirror.fetch()
    same = await change(work, tip, {"long.txt": "".join(["theirs\n", *lines, "mine\n"])})
    assert await shown(work, (base, old), (tip, same)) == ""
    more = await change(work, tip, {"long.txt": "".join(["theirs\n", *lines, "mine\n", "more\n"])})
    said = await shown(work, (base, old), (tip, more))
    assert [line for line in said.splitlines() if line.startswith(("+", "-")) and line[1:3] not in ("++", "--")] == [
        "+more"
    ]


async def test_a_change_that_conflicts_with_the_new_base_is_told_as_such(work, user, mirror, change):
    base = user.head
    old = await change(work, base, {"a.txt": "one\nMINE\nthree\n"})
    tip = user.commit({"a.txt": "one\nTHEIRS\nthree\n"})
    await mirror.fetch()
    new = await change(work, tip, {"a.txt": "one\nBOTH\nthree\n"})
    first, _, rest = (await shown(work, (base, old), (tip, new))).partition("\n")
    assert "conflicts" in first and "-MINE\n+BOTH\n" in rest and "<<<<" not in rest


async def test_nothing_of_it_is_kept(work, user, mirror, change):
    base = user.head
    old = await change(work, base, {"n.txt": "n"})
    tip = user.commit({"a.txt": "moved\n"})
    await mirror.fetch()
    before = await work.git.run("count-objects", "-v")
    await shown(work, (base, old), (tip, await work.git.line("rev-parse", tip)))
    assert await work.git.run("count-objects", "-v") == before and not list(work.scratch.iterdir())
