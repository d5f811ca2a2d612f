"""A specification as a TLA+ module, and the configuration under which TLC counts the states that mcheck counts."""
