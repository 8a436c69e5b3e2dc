"""foremanctl: the command line of foremand. It knows the wire contract and nothing else of the daemon."""
