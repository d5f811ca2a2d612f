"""Valency: which decisions can still be reached from each configuration, and what follows for runs that never decide."""
