"""One module per agent CLI: how it is started, how its output is read, how its end is judged.

A new CLI is a module with an `Adapter` (see `port`) and one line in `registry`.
"""
