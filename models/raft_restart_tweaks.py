"""Raft with servers that persist one of term, vote and log, or nothing; `forget-term`, `forget-vote` and `forget-log` lose one.

Source: D. Ongaro and J. Ousterhout, USENIX ATC 2014, Fig. 2, State, Persistent state on all servers.
"""

from mcheck.models.raft_election_tweaks import ForgetsTerm, ForgetsVote
from mcheck.models.raft_log_tweaks import ForgetsLog
from mcheck.spec import Broken


class PersistsLog(ForgetsTerm, ForgetsVote):
    """Only the log survives a restart."""

    outcome = Broken(
        "Election Safety", steps=7, source="Fig. 2, State, Persistent state",
        nodes=3, max_term=1, max_log=0, max_messages=3, max_restarts=1,
    )  # fmt: skip


class PersistsVote(ForgetsTerm, ForgetsLog):
    """Only the vote survives a restart: one that belongs to a term that the server has forgotten."""

    outcome = Broken(
        "Election Safety", steps=7, source="Fig. 2, State, Persistent state",
        nodes=3, max_term=1, max_log=0, max_messages=3, max_restarts=1,
    )  # fmt: skip


class PersistsTerm(ForgetsVote, ForgetsLog):
    """Only the term survives a restart."""

    outcome = Broken(
        "Election Safety", steps=7, source="Fig. 2, State, Persistent state",
        nodes=3, max_term=1, max_log=0, max_messages=3, max_restarts=1,
    )  # fmt: skip


class PersistsNothing(ForgetsTerm, ForgetsVote, ForgetsLog):
    """Nothing survives a restart."""

    outcome = Broken(
        "Election Safety", steps=7, source="Fig. 2, State, Persistent state",
        nodes=3, max_term=1, max_log=0, max_messages=3, max_restarts=1,
    )  # fmt: skip
