------------------------------- MODULE paxos --------------------------------
(* Single-decree Paxos; any minimal majority is a quorum.

   Source: Lamport, Paxos Made Simple (2001), section 2; module Paxos of the TLA+ examples.
   Modelled: as models/paxos.py has it.  A message once sent stays: the set msgs only grows.  Ballot -1: none.
   Counts, 3 acceptors, 2 values: ballots 0..1: 3,921 states (23,563 generated); ballots 0..2: 185,369 (1,361,380).
   Run: java -cp tla2tools.jar tlc2.TLC -deadlock -config paxos.cfg paxos.tla *)
EXTENDS Integers, FiniteSets
CONSTANTS Acceptor, Value, MaxBallot, NoValue
VARIABLES
  maxBal,     \* of each acceptor: the highest ballot it has taken part in
  vote,       \* of each acceptor: its highest vote
  msgs        \* every message ever sent

vars == <<maxBal, vote, msgs>>

Ballot == 0 .. MaxBallot
Quorum == {Q \in SUBSET Acceptor : Cardinality(Q) = Cardinality(Acceptor) \div 2 + 1}
NoVote == [bal |-> -1, val |-> NoValue]

Prepare(b) == [type |-> "prepare", bal |-> b]
Promise(a, b, v) == [type |-> "promise", acc |-> a, bal |-> b, vote |-> v]
Accept(b, v) == [type |-> "accept", bal |-> b, val |-> v]
Accepted(a, v) == [type |-> "accepted", acc |-> a, vote |-> v]

Init ==
  /\ maxBal = [a \in Acceptor |-> -1]
  /\ vote = [a \in Acceptor |-> NoVote]
  /\ msgs = {}

Phase1a(b) ==
  /\ msgs' = msgs \union {Prepare(b)}
  /\ UNCHANGED <<maxBal, vote>>

Phase1b(a, b) ==
  /\ Prepare(b) \in msgs
  /\ b > maxBal[a]
  /\ maxBal' = [maxBal EXCEPT ![a] = b]
  /\ msgs' = msgs \union {Promise(a, b, vote[a])}
  /\ UNCHANGED vote

(* The promises of a quorum allow v: none of them has voted, or the highest of their votes is one for v.  Each promise
   that is the highest counts as a transition of its own. *)
Phase2a(b, v) ==
  /\ ~ \E m \in msgs : m.type = "accept" /\ m.bal = b
  /\ \E Q \in Quorum :
       LET promises == {m \in msgs : m.type = "promise" /\ m.bal = b /\ m.acc \in Q}
           voted == {m \in promises : m.vote.bal >= 0}
       IN /\ \A a \in Q : \E m \in promises : m.acc = a
          /\ \/ voted = {}
             \/ \E m \in voted :
                  /\ m.vote.val = v
                  /\ \A n \in voted : m.vote.bal >= n.vote.bal
  /\ msgs' = msgs \union {Accept(b, v)}
  /\ UNCHANGED <<maxBal, vote>>

Phase2b(a, b, v) ==
  /\ Accept(b, v) \in msgs
  /\ b >= maxBal[a]
  /\ maxBal' = [maxBal EXCEPT ![a] = b]
  /\ vote' = [vote EXCEPT ![a] = [bal |-> b, val |-> v]]
  /\ msgs' = msgs \union {Accepted(a, [bal |-> b, val |-> v])}

Next ==
  \E b \in Ballot :
    \/ Phase1a(b)
    \/ \E v \in Value : Phase2a(b, v)
    \/ \E a \in Acceptor :
         \/ Phase1b(a, b)
         \/ \E v \in Value : Phase2b(a, b, v)

Spec == Init /\ [][Next]_vars

Chosen(v) ==
  \E b \in Ballot : \E Q \in Quorum : \A a \in Q : Accepted(a, [bal |-> b, val |-> v]) \in msgs

Agreement == \A v, w \in Value : Chosen(v) /\ Chosen(w) => v = w
=============================================================================
