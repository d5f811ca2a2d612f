----------------------------------------- MODULE Consensus -----------------------------------------
(* One variable, the set of chosen values; how they are chosen is left to the
   implementations.

   Consensus: what every protocol of the Paxos family implements; at most one value is
   chosen, and for ever.

   Source: Lamport, TLA+ module Consensus.  Voting implements this specification, and Paxos
   implements Voting.

   Exported by mcheck from the specification Consensus, of one configuration: 2 values. *)
EXTENDS Integers, FiniteSets, TLC

CONSTANTS
  Value   \* Something that may be chosen.

ASSUME Cardinality(Value) = 2

VARIABLES
  chosen

vars == <<chosen>>

----------------------------------------------------------------------------------------------------
\* Initial states and actions

Init == chosen = {}

(* The value v is chosen.  Source: Consensus, Next. *)
Choose(v) ==
  /\ Cardinality(chosen) = 0  \* nothing is chosen yet
  /\ chosen' = chosen \union {v}

Next == \E v \in Value : Choose(v)

Spec == Init /\ [][Next]_vars

----------------------------------------------------------------------------------------------------
\* What holds of states and steps

TypeOK == chosen \subseteq Value

(* Agreement.  At most one value is chosen.  Source: Consensus, Inv. *)
Agreement == 1 >= Cardinality(chosen)

(* Integrity.  What is chosen remains chosen. *)
Integrity == chosen \subseteq chosen'

----------------------------------------------------------------------------------------------------
\* What can be reached

(* a value is chosen *)
AValueIsChosen == \E v \in Value : v \in chosen

----------------------------------------------------------------------------------------------------
\* What the configuration asks of TLC

EveryIntegrity == [][Integrity]_vars
NeverAValueIsChosen == ~ AValueIsChosen
Symmetry == Permutations(Value)
====================================================================================================
