"""Graphs of states and of steps, and what writes them: DOT, GraphML, and drawings by whatever lays out graphs."""
