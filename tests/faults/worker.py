"""The scripted agent of the fault campaigns: a transcript of many lines, and a file that is wrong at first.

worker.py LINES

It says on standard error when it began and ended, on the machine's clock, so that nothing can run twice unnoticed;
and it holds a lock in its HOME, which all attempts of its task by one agent share.
"""

import fcntl
import os
import select
import sys
import time

LINES = int(sys.argv[1])
TASK, STAGE = os.environ["FOREMAND_TASK"], os.environ["FOREMAND_STAGE"]
ATTEMPT = os.environ["FOREMAND_PROMPT_FILE"].rpartition("-")[2]


def main() -> int:
    """Work."""
    lock = os.open(os.path.join(os.environ["HOME"], "lock"), os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("another attempt of this task is at work", flush=True)
        return 9
    print("began", time.monotonic_ns(), file=sys.stderr, flush=True)
    for start in range(0, LINES, 20):
        block = "".join(f"{STAGE} {ATTEMPT} line {number}\n" for number in range(start, min(start + 20, LINES)))
        sys.stdout.write(block)
        sys.stdout.flush()
        select.select([], [], [], 0.01)  # the pace of its output: kills must find it at work
    with open(os.environ["FOREMAND_PROMPT_FILE"]) as file:
        prompt = file.read()
    with open(os.environ["FOREMAND_OUTPUT"], "w") as file:
        file.write(f"{STAGE} is done")
    if STAGE == "implement":
        with open(f"work-{TASK}.txt", "w") as file:
            file.write("good\n" if "it is not good" in prompt else "bad\n")
    if STAGE == "count":
        with open(f"count-{TASK}.txt", "w") as file:
            file.write("1\n")
    print("ended", time.monotonic_ns(), file=sys.stderr, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
