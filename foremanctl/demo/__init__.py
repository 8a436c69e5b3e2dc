"""`foremanctl demo`: a Monday morning played through a real daemon, and checked from the outside.

`monday` says what is to happen, `shop` is the repository that it happens to, `scripted` the agent that works there.
`house` is the place apart in which all of it runs, `narrator` tells it, `person` answers the gates (or `hand` lets
whoever sits there do it), `proof` looks at what is really there afterwards, and `play` goes through it from the first
line to the exit code.
"""
