------------------------------------------ MODULE Voting -------------------------------------------
(* Acceptors vote for values that are safe, and only for one value in each ballot.

   Voting: acceptors choose a value by votes in numbered ballots; no messages yet.

   Source: Lamport, TLA+ module Voting.  It implements Consensus, and Paxos implements it:
   what is left to Paxos is how an acceptor learns that a vote is safe.

   Throughout this file: a, c acceptors; b, d ballots; v, w values; q a quorum.  A value is
   *chosen* in a ballot when all members of a quorum have voted for it there.  It is *safe*
   at b when no other value has been, or can yet be, chosen in a ballot below b.

   Exported by mcheck from the specification Voting, of one configuration: 3 acceptors, 2
   values, ballots 0..1. *)
EXTENDS Integers, FiniteSets, TLC

CONSTANTS
  Acceptor,   \* A member of the fixed set that votes.
  Value,      \* Something that may be chosen.
  None,       \* no value
  MaxBallot   \* highest ballot explored

ASSUME Cardinality(Acceptor) = 3 /\ Cardinality(Value) = 2 /\ MaxBallot = 1

VARIABLES
  votes,    \* every vote that an acceptor has cast
  max_bal   \* it casts no vote below this ballot any more

vars == <<votes, max_bal>>

Ballot == 0 .. MaxBallot
ProofQuorums == {q2 \in SUBSET Acceptor : Cardinality(q2) = 2}
Vote == [bal : Ballot, val : Value]
MaxBallotSet == -1 .. MaxBallot

\* The condition itself.  TLC would take a step once for each way in which it is true.
Holds(p) == p = TRUE

----------------------------------------------------------------------------------------------------
\* Initial states and actions

Init == votes = [x \in Acceptor |-> {}] /\ max_bal = [x \in Acceptor |-> -1]

(* Acceptor a gives up voting below b.  Source: Voting, IncreaseMaxBal. *)
IncreaseMaxBal(a, b) ==
  /\ max_bal[a] < b  \* b is above the ballot that a has come to
  /\ max_bal' = [max_bal EXCEPT ![a] = b]
  /\ UNCHANGED votes

(* Acceptor a votes for v in b, as quorum q shows that v is safe.  Source: Voting, VoteFor
   and ShowsSafeAt.

   `last` is the member of q whose vote is the proof.  It is a parameter, and not a
   quantifier inside the guard, so that a label carries the whole proof; TLC too counts a
   transition for each such witness. *)
VoteFor(a, b, v, q, last) ==
  /\ b >= max_bal[a]  \* a has not given up b
  /\ ~(\E v2 \in votes[a] : b = v2.bal)  \* a has not voted in b
  \* nobody has voted for another value in b
  /\ ~(\E a3 \in Acceptor : \E v2 \in votes[a3] : b = v2.bal /\ v # v2.val)
  /\ ~(\E a3 \in q : max_bal[a3] < b)  \* every member of q has given up the ballots below b
  /\ IF last # None
     THEN /\ last \in q  \* the votes of q below b show that v is safe
          /\ Holds(\E v2 \in votes[last] : v2.bal < b /\ v = v2.val)
     ELSE /\ ~(\E a3 \in q : \E v2 \in votes[a3] : v2.bal < b)  \* the votes of q below b show that v is safe
  /\ votes' = [votes EXCEPT ![a] = votes[a] \union {[bal |-> b, val |-> v]}]
  /\ max_bal' = [max_bal EXCEPT ![a] = b]

Next ==
  \/ \E a \in Acceptor, b \in Ballot : IncreaseMaxBal(a, b)
  \/ \E a \in Acceptor,
        b \in Ballot,
        v \in Value,
        q \in ProofQuorums,
        last \in {None} \union Acceptor :
       VoteFor(a, b, v, q, last)

Spec == Init /\ [][Next]_vars

----------------------------------------------------------------------------------------------------
\* What holds of states and steps

TypeOK == votes \in [Acceptor -> SUBSET Vote] /\ max_bal \in [Acceptor -> MaxBallotSet]

(* The bounds of the search.  A step that leads out of them is counted, and not followed. *)
WithinBounds ==
  /\ \A a \in Acceptor : \A v \in votes[a] : v.bal <= MaxBallot
  /\ \A a \in Acceptor : max_bal[a] <= MaxBallot

(* One Value Per Ballot.  All votes in one ballot are for one value.  Source: Voting,
   OneValuePerBallot. *)
OneValuePerBallot ==
  \A a, c \in Acceptor, b \in Ballot, v, w \in Value :
    v = w \/ ~([bal |-> b, val |-> v] \in votes[a] /\ [bal |-> b, val |-> w] \in votes[c])

(* Votes Safe.  Every vote is for a value that is safe at its ballot.  Source: Voting,
   VotesSafe. *)
VotesSafe ==
  \A a \in Acceptor, b \in Ballot, v \in Value :
    [bal |-> b, val |-> v] \in votes[a] =>
      (\A k \in 0 .. 1 :
         \/ k >= b
         \/ \E q \in ProofQuorums :
              \A a3 \in q :
                \/ [bal |-> k, val |-> v] \in votes[a3]
                \/ k < max_bal[a3] /\ ~(\E v2 \in votes[a3] : k = v2.bal))

----------------------------------------------------------------------------------------------------
\* What can be reached

(* a value is chosen *)
AValueIsChosen ==
  \E b \in Ballot, v \in Value :
    \E q \in ProofQuorums : \A a \in q : [bal |-> b, val |-> v] \in votes[a]

----------------------------------------------------------------------------------------------------
\* Refinement

(* What is chosen, in any ballot.  Source: Voting, `C == INSTANCE Consensus`. *)
Consensus == INSTANCE Consensus WITH
  chosen <- {v \in Value :
              \E k \in 0 .. 1 :
                \E q \in ProofQuorums : \A a \in q : [bal |-> k, val |-> v] \in votes[a]}

----------------------------------------------------------------------------------------------------
\* What the configuration asks of TLC

(* TLC judges also the states beyond the bounds that a step leads to, before it leaves them
   aside.  mcheck does not. *)
CheckedTypeOK == WithinBounds => TypeOK
CheckedOneValuePerBallot == WithinBounds => OneValuePerBallot
CheckedVotesSafe == WithinBounds => VotesSafe
NeverAValueIsChosen == WithinBounds => ~ AValueIsChosen
ImplementsConsensus == Consensus!Init /\ [][WithinBounds' => Consensus!Next]_(Consensus!vars)
Symmetry == Permutations(Acceptor) \union Permutations(Value)
====================================================================================================
