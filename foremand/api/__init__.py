"""The gRPC edge: who may ask, what they ask in the wire's words, and the answers in the wire's words."""
