------------------------------------------- MODULE Paxos -------------------------------------------
(* Single-decree Paxos: two phases for each ballot, any number of ballots at a time.

   Paxos: acceptors choose one value, whatever messages are lost and however many leaders
   compete.

   Source: Lamport, The Part-Time Parliament (1998); Paxos Made Simple (2001), section 2;
   TLA+ module Paxos.

   Throughout this file: a acceptor; b, c ballots; v, w values; q a quorum; m a message.
   Acceptors, ballots and votes are those of Voting, which this protocol implements.  A
   leader is nothing but its ballot: it keeps no state, and anybody may be one.  A value is
   *proposed* when an Accept carries it; all of Value may be proposed. Differs: as in the
   module, and unlike the papers, there are no clients or learners: what may be asked for is
   a constant, and a value is chosen the moment a quorum has voted for it, whether or not
   anyone has noticed.

   Exported by mcheck from the specification Paxos, of one configuration: 3 acceptors, 2
   values, ballots 0..1. *)
EXTENDS Integers, FiniteSets, TLC

CONSTANTS
  Acceptor,   \* A member of the fixed set that votes.
  Value,      \* Something that may be chosen.
  None,       \* no value
  MaxBallot   \* highest ballot explored

ASSUME Cardinality(Acceptor) = 3 /\ Cardinality(Value) = 2 /\ MaxBallot = 1

VARIABLES
  acceptors,
  \* Every message ever sent.  No message has to be received, so loss needs no action; a message may
  \* be received again and late, so neither do duplication and delay.
  msgs

vars == <<acceptors, msgs>>

Ballot == 0 .. MaxBallot
PromiseQuorums == {q \in SUBSET Acceptor : Cardinality(q) = 2}
MaxBallotSet == -1 .. MaxBallot
Vote == [bal : Ballot, val : Value]
Member == [max_bal : MaxBallotSet, vote : {None} \union Vote]
Prepare == [type : {"Prepare"}, bal : Ballot]
Promise == [type : {"Promise"}, acc : Acceptor, bal : Ballot, vote : {None} \union Vote]
Accept == [type : {"Accept"}, bal : Ballot, val : Value]
Accepted == [type : {"Accepted"}, acc : Acceptor, vote : Vote]
Message == Prepare \union Promise \union Accept \union Accepted

\* The condition itself.  TLC would take a step once for each way in which it is true.
Holds(p) == p = TRUE

----------------------------------------------------------------------------------------------------
\* Initial states and actions

Init == acceptors = [x \in Acceptor |-> [max_bal |-> -1, vote |-> None]] /\ msgs = {}

(* A leader begins ballot b.  Source: Paxos Made Simple, Phase 1 (a); Paxos, Phase1a. *)
Phase1a(b) == msgs' = msgs \union {[type |-> "Prepare", bal |-> b]} /\ UNCHANGED acceptors

(* Acceptor a promises not to vote below m.bal, and reports its vote.  Source: Phase 1 (b);
   Paxos, Phase1b. *)
Phase1b(a, m) ==
  /\ m.type = "Prepare"
  /\ acceptors[a].max_bal < m.bal  \* the ballot is newer than any that a has taken part in
  /\ acceptors' = [acceptors EXCEPT ![a].max_bal = m.bal]
  /\ msgs' = msgs \union {[type |-> "Promise",
                           acc |-> a,
                           bal |-> m.bal,
                           vote |-> acceptors[a].vote]}

(* The leader of ballot b proposes v, which the promises of q allow.  Source: Phase 2 (a);
   Paxos, Phase2a.

   `top` is the member of q whose vote decides, None if none has voted.  It is a parameter,
   and not a quantifier inside the guard, so that a label carries the whole reason; TLC too
   counts a transition for each such witness. *)
Phase2a(b, q, top, v) ==
  /\ ~(\E m \in msgs : m.type = "Accept" /\ b = m.bal)  \* nothing is proposed in b yet
  \* every member of q has promised
  /\ Holds(\A a \in q : \E m \in msgs : m.type = "Promise" /\ b = m.bal /\ m.acc \in q /\ a = m.acc)
  /\ IF top # None
     THEN \* v is the value of the highest vote in q, or q has not voted
          /\ Holds(\E m \in msgs :
                     /\ m.type = "Promise"
                     /\ b = m.bal
                     /\ m.acc \in q
                     /\ top = m.acc
                     /\ m.vote # None
                     /\ v = m.vote.val
                     /\ \A m2 \in msgs :
                          \/ ~(m2.type = "Promise" /\ b = m2.bal /\ m2.acc \in q)
                          \/ m2.vote = None
                          \/ m.vote.bal >= m2.vote.bal)
     ELSE \* v is the value of the highest vote in q, or q has not voted
          /\ Holds(\A m \in msgs :
                     ~(m.type = "Promise" /\ b = m.bal /\ m.acc \in q) \/ m.vote = None)
  /\ msgs' = msgs \union {[type |-> "Accept", bal |-> b, val |-> v]}
  /\ UNCHANGED acceptors

(* Acceptor a votes, unless it has promised not to.  Source: Phase 2 (b); Paxos, Phase2b. *)
Phase2b(a, m) ==
  LET vote == [bal |-> m.bal, val |-> m.val]
  IN /\ m.type = "Accept"
     /\ m.bal >= acceptors[a].max_bal  \* a has not promised to ignore this ballot
     /\ acceptors' = [acceptors EXCEPT ![a].max_bal = m.bal, ![a].vote = vote]
     /\ msgs' = msgs \union {[type |-> "Accepted", acc |-> a, vote |-> vote]}

Next ==
  \/ \E b \in Ballot : Phase1a(b)
  \/ \E a \in Acceptor, m \in msgs : Phase1b(a, m)
  \/ \E b \in Ballot, q \in PromiseQuorums, top \in {None} \union Acceptor, v \in Value :
       Phase2a(b, q, top, v)
  \/ \E a \in Acceptor, m \in msgs : Phase2b(a, m)

Spec == Init /\ [][Next]_vars

----------------------------------------------------------------------------------------------------
\* What holds of states and steps

TypeOK == acceptors \in [Acceptor -> Member] /\ msgs \subseteq Message

(* The bounds of the search.  A step that leads out of them is counted, and not followed. *)
WithinBounds ==
  /\ \A a \in Acceptor :
       /\ acceptors[a].max_bal <= MaxBallot
       /\ acceptors[a].vote # None => acceptors[a].vote.bal <= MaxBallot
  /\ \A m \in msgs :
       /\ m.type \in {"Prepare", "Promise", "Accept"} => m.bal <= MaxBallot
       /\ m.type = "Promise" => (m.vote # None => m.vote.bal <= MaxBallot)
       /\ m.type = "Accepted" => m.vote.bal <= MaxBallot

(* Agreement.  At most one value is chosen, in whatever ballots. *)
Agreement ==
  \A b, c \in Ballot, v, w \in Value :
    \/ v = w
    \/ ~(/\ \E q \in PromiseQuorums :
              \A a \in q :
                [type |-> "Accepted", acc |-> a, vote |-> [bal |-> b, val |-> v]] \in msgs
         /\ \E q \in PromiseQuorums :
              \A a \in q :
                [type |-> "Accepted", acc |-> a, vote |-> [bal |-> c, val |-> w]] \in msgs)

(* Validity.  Only a value that was proposed is chosen. *)
Validity ==
  \A b \in Ballot, v \in Value :
    (\E q \in PromiseQuorums :
       \A a \in q : [type |-> "Accepted", acc |-> a, vote |-> [bal |-> b, val |-> v]] \in msgs) =>
      [type |-> "Accept", bal |-> b, val |-> v] \in msgs

(* Integrity.  What is chosen remains chosen. *)
Integrity ==
  \A b \in Ballot, v \in Value :
    (\E q \in PromiseQuorums :
       \A a \in q : [type |-> "Accepted", acc |-> a, vote |-> [bal |-> b, val |-> v]] \in msgs) =>
      (\E q \in PromiseQuorums :
         \A a \in q : [type |-> "Accepted", acc |-> a, vote |-> [bal |-> b, val |-> v]] \in msgs')

----------------------------------------------------------------------------------------------------
\* What can be reached

(* a value is chosen *)
AValueIsChosen ==
  \E b \in Ballot, v \in Value :
    \E q \in PromiseQuorums :
      \A a \in q : [type |-> "Accepted", acc |-> a, vote |-> [bal |-> b, val |-> v]] \in msgs

(* a value is chosen in two ballots *)
AValueIsChosenInTwoBallots ==
  \E b, c \in Ballot, v \in Value :
    /\ b # c
    /\ \E q \in PromiseQuorums :
         \A a \in q : [type |-> "Accepted", acc |-> a, vote |-> [bal |-> b, val |-> v]] \in msgs
    /\ \E q \in PromiseQuorums :
         \A a \in q : [type |-> "Accepted", acc |-> a, vote |-> [bal |-> c, val |-> v]] \in msgs

----------------------------------------------------------------------------------------------------
\* Refinement

(* A vote is cast when its Accepted is sent.  Source: Paxos, `V == INSTANCE Voting`. *)
Voting == INSTANCE Voting WITH
  votes <- [a \in Acceptor |-> {m.vote : m \in {m \in msgs : m.type = "Accepted" /\ a = m.acc}}],
  max_bal <- [a \in Acceptor |-> acceptors[a].max_bal]

----------------------------------------------------------------------------------------------------
\* What the configuration asks of TLC

(* TLC judges also the states beyond the bounds that a step leads to, before it leaves them
   aside.  mcheck does not. *)
CheckedTypeOK == WithinBounds => TypeOK
CheckedAgreement == WithinBounds => Agreement
CheckedValidity == WithinBounds => Validity
EveryIntegrity == [][WithinBounds' => Integrity]_vars
NeverAValueIsChosen == WithinBounds => ~ AValueIsChosen
NeverAValueIsChosenInTwoBallots == WithinBounds => ~ AValueIsChosenInTwoBallots
ImplementsVoting == Voting!Init /\ [][WithinBounds' => Voting!Next /\ (Voting!WithinBounds)']_(Voting!vars)
Symmetry == Permutations(Acceptor) \union Permutations(Value)
====================================================================================================
