"""The typed intermediate representation: expressions over one state, and decision trees of guarded updates."""
