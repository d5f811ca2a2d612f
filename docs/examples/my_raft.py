"""Raft with an idea of mine: replies get lost, so a voter that is asked again says yes again."""

from mcheck.models.raft import Raft, RequestVote, Server


class MyRaft(Raft):
    def may_vote(self, me: Server, m: RequestVote) -> bool:
        return True
