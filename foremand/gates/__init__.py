"""One module for each kind of gate that a machine answers. A person's gate has nothing to run."""
