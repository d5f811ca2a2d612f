"""Liveness: whether every fair behaviour comes to what a temporal property promises.  numpy and scipy are imported in this room only."""
