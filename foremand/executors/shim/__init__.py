"""The supervisor of one run: a program of its own, `python -I -S .../shim/__main__.py RUNDIR`, spoken to through files.

It imports nothing but a few modules of the standard library and no part of foremand, since one of it lives beside
every agent: about 4 MB. It is single-threaded, because the program's parent-death signal follows a thread.

What to run comes on its standard input, marshalled: the specification, the record of it for RUNDIR/run.json, and the
program's own standard input.
Everything in RUNDIR is written under RUNDIR/lock, so that two starters at once make one run; the values of the
environment are never written at all.
"""

LOCK, RUN, STDIN, OUT, ERR = "lock", "run.json", "stdin", "out", "err"
CONTROL, EXIT, LOG = "control", "exit.json", "shim.log"
"""The files of a run's directory, explained in `foremand.executors.spool`."""

MARKER, TOKEN = "FOREMAND_ATTEMPT", "FOREMAND_RUN"
"""The variables that every process of a run inherits: whose it is, and one that no other run on the machine has,
by which even processes that got away are found."""

STATUS_FD = 99
"""Where bubblewrap tells how far it came; high, so that it is never one of the shim's own."""

STARTED, TORN, BUSY, USED = 0, 74, 75, 76
"""Exit codes of the starting process: running now; half a request; someone else holds the lock; it ran before."""

TOLD = "told-"
"""How the names of files begin that hold what a program is told as it runs."""

PLEA = 2.0
"""Seconds that a program has to end when it is asked to on its standard input, before it is signalled."""

STRUGGLE = 10.0
"""Seconds for which processes that survive SIGKILL are fought before the end is recorded without them."""
