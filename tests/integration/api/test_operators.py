"""Who may answer: nothing that an agent, a gate or a setup starts, with or without the sandbox."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import foremanctl
import foremand

ATTACK = """
import json, os, subprocess, sys, time
from pathlib import Path

task, revision, root, python = sys.argv[1:]
house = {
    "XDG_RUNTIME_DIR": f"{root}/run",
    "XDG_STATE_HOME": f"{root}/state",
    "XDG_CONFIG_HOME": f"{root}/config",
    "HOME": os.environ["HOME"],
    "PATH": os.environ["PATH"],
    "PYTHONPATH": f"{root}/lib",
}
marker = {k: v for k, v in os.environ.items() if k.startswith("FOREMAND")}
approve = [python, "-m", "foremanctl", "approve", task, "--revision", revision]
submit = [python, "-m", "foremanctl", "submit", "take over", "-C", os.getcwd()]
mine = {**house, **{k: f"/tmp/mine-{os.getpid()}" for k in house if k.startswith("XDG")}}
told = {}

def say(name, argv, env):
    done = subprocess.run(argv, env=env, capture_output=True, text=True)
    told[name] = [done.returncode, done.stderr[-300:]]

say("plainly", approve, {**house, **marker})
say("without the marker", approve, house)
say("a daemon of its own", submit, {**mine, **marker})

# A grandchild in a session of its own, whose parent is gone.
out = Path(os.environ["TMPDIR"], "orphan.json")
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while os.getppid() == int(open("/proc/self/stat").read().split()[5]):  # the session's leader
            time.sleep(0.01)
        done = subprocess.run(approve, env=house, capture_output=True, text=True)
        out.with_suffix(".new").write_text(json.dumps([done.returncode, done.stderr[-300:]]))
        out.with_suffix(".new").rename(out)
    os._exit(0)
os.wait()
end = time.monotonic() + 60
while not out.exists() and time.monotonic() < end:
    time.sleep(0.02)
told["orphaned"] = json.loads(out.read_text())

raw = '''
import grpc, sys
from foremand.v1 import foremand_pb2 as pb
from foremand.v1.foremand_pb2_grpc import ForemandStub
stub = ForemandStub(grpc.insecure_channel("unix:" + sys.argv[1] + "/run/foremand/foremand.sock"))
for metadata in ((), (("foremand-token", "guess"),)):
    try:
        request = pb.ApproveTaskRequest(id=int(sys.argv[2]), revision=sys.argv[3])
        stub.ApproveTask(request, metadata=metadata, timeout=60)
    except grpc.RpcError as error:
        code = {"UNAVAILABLE": 3, "PERMISSION_DENIED": 6}.get(error.code().name, 1)
    else:
        sys.exit(0)
sys.exit(code)
'''
say("by hand", [python, "-c", raw, root, task, revision], house)
print("TOLD", json.dumps(told))
"""

VICTIM = """
version = 1
[agent.writer]
adapter = "command"
command = ["sh", "-c", "echo work > work.txt"]
[gate.owner]
kind = "human"
[[stage]]
name = "implement"
agent = "writer"
gates = ["owner"]
"""

ATTACKER = """
version = 1
[workspace]
setup = "ATTACK"
setup_key = [".foremand"]
setup_paths = []
[agent.writer]
adapter = "command"
command = ["sh", "-c", "echo work > work.txt; ATTACK"]
[gate.check]
kind = "command"
run = "ATTACK"
[gate.owner]
kind = "human"
[[stage]]
name = "implement"
agent = "writer"
gates = ["check", "owner"]
"""

PLACES = {"agent": ("--raw",), "gate": ("--gate", "check"), "setup": ("--setup",)}
WAYS = ("plainly", "without the marker", "orphaned", "by hand", "a daemon of its own")


def attacked(house: Any, mode: str) -> dict[str, dict[str, Any]]:
    """What each place was told: one task waits for a person, another tries to be that person."""
    for package in (foremand, foremanctl):  # the sandbox may hide where this is installed
        source = Path(package.__file__).parent
        shutil.copytree(source, house.root / "lib" / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    house.start("--sandbox", mode)
    victim = house.submit(house.repo({".foremand/pipeline.toml": VICTIM}), "wait")
    revision = house.wait(victim, "WAITING")["revision"]
    script = house.script("attack", ATTACK)
    attack = f"{sys.executable} {script} {victim} {revision} {house.root} {sys.executable}"
    attacker = house.submit(house.repo({".foremand/pipeline.toml": ATTACKER.replace("ATTACK", attack)}), "attack")
    house.wait(attacker, "WAITING", patience=120)
    after = house.show(victim)
    assert (after["state"], after["reason"], after["approvals"]) == ("WAITING", "approve owner?", [])
    assert len(house.ok("list", "--all", "--format", "json").json) == 2
    told = {}
    for place, where in PLACES.items():
        said = house.ok("logs", str(attacker), *where).stdout
        told[place] = json.loads(next(line for line in said.splitlines() if line.startswith("TOLD"))[5:])
    return told


@pytest.fixture(scope="module")
def told(shared_house: Any, other_house: Any) -> Iterator[dict[str, dict[str, dict[str, Any]]]]:
    yield {"auto": attacked(shared_house, "auto"), "off": attacked(other_house, "off")}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("mode", ["auto", "off"])
def test_it_never_succeeds(told: Any, mode: str, place: str, way: str) -> None:
    code, said = told[mode][place][way]
    if way == "a daemon of its own" or mode == "off":
        assert code == 6, said
    else:
        assert code == 3, said  # there is no socket to be seen
