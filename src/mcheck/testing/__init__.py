"""Protocols under Hypothesis: state machines for a test suite, and the walks of `mcheck simulate --engine hypothesis`.

    from mcheck.testing import state_machine
    TestRaft = state_machine(Raft(nodes=5, max_term=6)).TestCase

Needs Hypothesis, which `pip install mcheck-protocols[test]` brings.
"""

from mcheck.testing.machine import ProtocolMachine, state_machine

__all__ = ["ProtocolMachine", "state_machine"]
