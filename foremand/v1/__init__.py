"""The wire contract, generated from proto/foremand/v1/ by proto/generate."""
