"""What a confined run sees, may change and cannot reach: observed from inside."""

import socket
import sys
from pathlib import Path

import msgspec
import pytest

from foremand.executors import sandbox as room
from foremand.executors.errors import SandboxMissing
from foremand.executors.sandbox import Sandbox, Unsandboxed
from foremand.executors.spool import Spool


async def inside(bench, script: str, **mounts: object) -> str:
    """What a script says inside, its errors included."""
    run = bench.run()
    seen = msgspec.structs.replace(bench.mounts, **mounts)
    await bench.executor.start(run, bench.sh(f"exec 2>&1; {script}", mounts=seen, env={"HOME": str(seen.home)}))
    ended = await bench.executor.wait(run)
    assert ended.reason == "exited", ended
    return Spool(run).out.read_text()


async def test_the_tree_stands_at_the_path_of_the_repository(confined) -> None:
    (confined.mounts.at / "users-own").write_text("not for agents")
    (confined.mounts.tree / "work").write_text("the work")
    said = await inside(confined, "pwd; ls; cat work; echo new > made")
    assert said == f"{confined.mounts.at}\nwork\nthe work"
    assert (confined.mounts.tree / "made").read_text() == "new\n"
    assert sorted(path.name for path in confined.mounts.at.iterdir()) == ["users-own"]


async def test_a_tree_to_read_refuses_writes(confined) -> None:
    (confined.mounts.tree / "work").write_text("the work")
    said = await inside(confined, "echo new > made; echo more >> work; rm -f work; cat work", read_only=True)
    assert said.count("Read-only file system") == 3
    assert said.endswith("the work")
    assert [path.name for path in confined.mounts.tree.iterdir()] == ["work"]


async def test_home_and_tmpdir_can_be_written_and_nothing_else(confined) -> None:
    elsewhere = [f"/etc/{confined.marker}", f"/usr/{confined.marker}", f"/var/{confined.marker}"]
    m = confined.mounts
    said = await inside(confined, f"echo a > {m.home}/a; echo b > {m.tmp}/b; touch {' '.join(elsewhere)}")
    assert said.count("Read-only file system") + said.count("Permission denied") == 3
    assert (m.home / "a").read_text() == "a\n"
    assert (m.tmp / "b").read_text() == "b\n"


async def test_tmp_is_private(confined, tmp_path_factory: pytest.TempPathFactory) -> None:
    theirs = tmp_path_factory.mktemp("theirs") / "secret"
    theirs.write_text("of another task")
    assert theirs.is_relative_to("/tmp") or pytest.fail("this test needs its own files below /tmp")
    said = await inside(confined, f"cat {theirs}; echo mine > /tmp/mine; cat {confined.mounts.tmp}/mine")
    assert "No such file" in said
    assert said.endswith("mine\n")
    assert (confined.mounts.tmp / "mine").read_text() == "mine\n"


async def test_other_tasks_the_state_and_the_socket_are_out_of_sight(confined, tmp_path: Path) -> None:
    other = tmp_path / "state" / "other-task"
    other.mkdir()
    (other / "secret").write_text("hush")
    runtime = tmp_path / "runtime"
    runtime.mkdir()
    # Seen through a directory that is shown, the state and the runtime directory must still be hidden.
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(runtime / "s"))
        script = f"ls -A {runtime}; cat {other}/secret; ls {tmp_path}/state; touch {runtime}/x"
        hide = (*confined.mounts.hide, runtime, tmp_path / "not-there")
        said = await inside(confined, script, readable=(tmp_path,), hide=hide)
    lines = said.splitlines()
    assert lines[0] == f"cat: {other}/secret: No such file or directory"
    assert lines[1:3] == ["home", "tmp"], "only the run's own places are left of the state"
    assert "Read-only file system" in lines[3]
    assert not (tmp_path / "not-there").exists()


async def test_run_is_empty_but_for_what_names_need(confined, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """/etc/resolv.conf may be a link to a link to a file, all of them where everything else is hidden."""
    (tmp_path / "real").write_text("nameserver")
    (tmp_path / "middle").symlink_to("real")
    (tmp_path / "asked").symlink_to(tmp_path / "middle")
    (tmp_path / "beside").write_text("hush")
    monkeypatch.setattr(room, "NEEDED", (tmp_path / "asked", tmp_path / "gone"))
    said = await inside(confined, f"ls -A /run; cd {tmp_path}; cat asked middle real; cat beside")
    assert said.startswith("nameserver" * 3)
    assert "No such file" in said


async def test_credentials_are_hidden_whatever_home_is(confined, tmp_path: Path) -> None:
    home = tmp_path / "users-home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id").write_text("key")
    (home / ".config" / "gh").mkdir(parents=True)
    (home / ".config" / "gh" / "hosts.yml").write_text("token")
    (home / ".netrc").write_text("password")
    (home / "kept-aws").mkdir()
    (home / "kept-aws" / "credentials").write_text("aws")
    (home / ".aws").symlink_to("kept-aws")
    (home / ".bashrc").write_text("plain")
    confined.executor.sandbox = msgspec.structs.replace(confined.executor.sandbox, homes=(home,))
    said = await inside(
        confined,
        f"cd {home}; cat .ssh/id .config/gh/hosts.yml .aws/credentials kept-aws/credentials; cat .netrc .bashrc;"
        "echo x > .ssh/new; echo x > .netrc",
        readable=(home,),
    )
    assert said.count("No such file") == 4
    assert "plain" in said
    assert not any(word in said for word in ("key", "token", "password", "aws\n"))
    assert (home / ".netrc").read_text() == "password"
    assert [path.name for path in (home / ".ssh").iterdir()] == ["id"]


async def test_a_repository_in_a_hidden_place_is_still_there(confined, tmp_path: Path) -> None:
    home = tmp_path / "users-home"
    repository = home / ".claude" / "plugins" / "mine"
    repository.mkdir(parents=True)
    (home / ".claude" / "login").write_text("hush")
    confined.executor.sandbox = msgspec.structs.replace(confined.executor.sandbox, homes=(home,))
    (confined.mounts.tree / "work").write_text("the work")
    confined.mounts = msgspec.structs.replace(confined.mounts, at=repository, readable=(home,))
    said = await inside(confined, f"cat work; ls -A {home}/.claude; echo new > made")
    assert said == "the workplugins\n"
    assert (confined.mounts.tree / "made").exists()


async def test_a_hidden_place_inside_the_repository_does_not_cover_the_tree(confined) -> None:
    (confined.mounts.at / "gh").mkdir()
    (confined.mounts.tree / "gh").mkdir()
    (confined.mounts.tree / "gh" / "tracked").write_text("the work")
    said = await inside(confined, "cat gh/tracked", hide=(confined.mounts.at / "gh",))
    assert said == "the work"


async def test_more_places_can_be_given_to_read(confined, tmp_path: Path) -> None:
    objects = tmp_path / "state" / "objects"
    objects.mkdir()
    (objects / "there").write_text("objects")
    said = await inside(confined, f"cat {objects}/there; touch {objects}/new", readable=(objects,))
    assert said.startswith("objects")
    assert said.count("Read-only file system") == 1
    assert not (objects / "new").exists()


async def test_the_network_can_be_taken_away(confined) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        script = f"bash -c 'exec 3<>/dev/tcp/127.0.0.1/{server.getsockname()[1]}' && echo connected; true"
        assert await inside(confined, script) == "connected\n"
        assert "connected" not in await inside(confined, script, network=False)


async def test_processes_outside_cannot_be_seen(confined) -> None:
    said = await inside(confined, "ls /proc | grep -c '^[0-9]'; cat /proc/2/comm")
    count, name = said.split()
    assert int(count) < 10
    assert name in ("sh", "cat")


async def test_a_sandbox_that_cannot_be_made_is_no_answer_of_the_program(confined) -> None:
    run = confined.run()
    seen = msgspec.structs.replace(confined.mounts, readable=(confined.top / "gone",))
    await confined.executor.start(run, confined.sh("echo ran", mounts=seen))
    ended = await confined.executor.wait(run)
    assert (ended.code, ended.signal, ended.reason) == (None, None, "not-started")
    assert "gone" in ended.detail
    assert Spool(run).out.read_bytes() == b""


async def test_links_on_the_way_to_the_places_are_followed(confined, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "state")
    linked = {name: tmp_path / "link" / name for name in ("tree", "home", "tmp")}
    script = "pwd; touch ~/here /tmp/there; ls state"
    said = await inside(confined, script, hide=(tmp_path / "link",), readable=(tmp_path,), **linked)
    assert said.startswith(f"{confined.mounts.at}\n")
    assert (confined.mounts.home / "here").exists()
    assert (confined.mounts.tmp / "there").exists()


async def test_probing_finds_what_works_here(sandbox: Sandbox) -> None:
    assert isinstance(sandbox, Sandbox)
    assert Path.home() in sandbox.homes
    assert await Sandbox.probe("required") == sandbox
    assert isinstance(await Sandbox.probe("off"), Unsandboxed)


@pytest.mark.parametrize("broken", ["missing", "refused", "hangs"])
async def test_a_bubblewrap_that_does_not_work_is_told_and_required_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    (tmp_path / "nice").symlink_to("/usr/bin/nice")
    if broken != "missing":
        says = "echo 'bwrap: No permissions to create a new namespace' >&2; exit 1"
        (tmp_path / "bwrap").write_text(f"#!/bin/sh\n{says if broken == 'refused' else 'exec /bin/sleep 60'}\n")
        (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(room, "_PROBE_SECONDS", 0.2)
    found = await Sandbox.probe("auto")
    assert isinstance(found, Unsandboxed)
    assert {"missing": "not on PATH", "refused": "No permissions", "hangs": "did not answer"}[broken] in found.why
    with pytest.raises(SandboxMissing) as refusal:
        await Sandbox.probe("required")
    assert refusal.value.hint


def shared(confined, folder: Path) -> dict[str, object]:
    """Mounts with `folder` to be written at `cache` in the run's HOME."""
    (confined.mounts.home / "cache").mkdir()
    return {"writable": ((folder, confined.mounts.home / "cache"),)}


async def test_a_folder_can_be_shared_to_be_written(confined, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "wheel").write_text("downloaded")
    (tmp_path / "link").symlink_to("real")
    script = f"cat ~/cache/wheel; echo new > ~/cache/made; echo new > {tmp_path}/real/other"
    said = await inside(confined, script, **shared(confined, tmp_path / "link"))
    assert said.startswith("downloaded")
    assert (tmp_path / "real" / "made").read_text() == "new\n"
    assert not (tmp_path / "real" / "other").exists(), "it is writable where it is shared alone"
    assert list((confined.mounts.home / "cache").iterdir()) == []


async def test_what_is_hidden_is_hidden_in_a_shared_folder_too(confined, tmp_path: Path) -> None:
    home = tmp_path / "users-home"
    (home / ".config" / "gh").mkdir(parents=True)
    (home / ".config" / "gh" / "hosts.yml").write_text("token")
    (home / ".config" / "plain").write_text("plain")
    (home / ".npmrc").write_text("password")
    confined.executor.sandbox = msgspec.structs.replace(confined.executor.sandbox, homes=(home,))
    script = "cd ~/cache; cat gh/hosts.yml plain; echo x > gh/new; echo y > more"
    said = await inside(confined, script, **shared(confined, home / ".config"))
    assert "plain" in said
    assert "token" not in said
    assert (home / ".config" / "more").exists()
    assert [path.name for path in (home / ".config" / "gh").iterdir()] == ["hosts.yml"]
    (confined.mounts.home / "cache").rmdir()
    said = await inside(confined, "cat ~/cache/.npmrc; echo z > ~/cache/.npmrc", **shared(confined, home))
    assert "password" not in said
    assert (home / ".npmrc").read_text() == "password"


@pytest.mark.parametrize("below", ["", "inner"])
async def test_a_hidden_folder_cannot_be_shared(confined, tmp_path: Path, below: str) -> None:
    secret = tmp_path / "secret" / below
    secret.mkdir(parents=True, exist_ok=True)
    (secret / "key").write_text("hush")
    hide = (*confined.mounts.hide, tmp_path / "secret")
    said = await inside(confined, "ls -A ~/cache; echo x > ~/cache/new", hide=hide, **shared(confined, secret))
    assert "Read-only file system" in said
    assert "key" not in said
    assert [path.name for path in secret.iterdir()] == ["key"]


async def test_without_the_network_the_runs_own_servers_answer(confined) -> None:
    script = (
        f"{sys.executable} -c \"import socket; s = socket.create_server(('127.0.0.1', 0));"
        "c = socket.create_connection(s.getsockname(), 5); print('connected')\""
    )
    assert await inside(confined, script, network=False) == "connected\n"
