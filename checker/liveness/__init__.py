"""Liveness: whether every fair behaviour comes to what a temporal property promises.  scipy is imported in this room only, numpy in this and in valency."""
