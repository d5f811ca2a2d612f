------------------------------------------ MODULE TCommit ------------------------------------------
(* What the resource managers may do, as if each could see the others.

   Transaction commit: the resource managers of a transaction all commit it or all abort it.

   Source: Gray & Lamport, Consensus on Transaction Commit (2006), section 2; TLA+ module
   TCommit. TwoPhaseCommit implements this specification.

   Exported by mcheck from the specification TCommit, of one configuration: 3 managers. *)
EXTENDS Integers, FiniteSets, TLC

CONSTANTS
  RM   \* A resource manager.

ASSUME Cardinality(RM) = 3

VARIABLES
  rm_state

vars == <<rm_state>>

RMState == {"WORKING", "PREPARED", "COMMITTED", "ABORTED"}

\* The condition itself.  TLC would take a step once for each way in which it is true.
Holds(p) == p = TRUE

----------------------------------------------------------------------------------------------------
\* Initial states and actions

Init == rm_state = [x \in RM |-> "WORKING"]

(* Manager rm is ready to commit.  Source: TCommit, Prepare. *)
Prepare(rm) ==
  /\ rm_state[rm] = "WORKING"  \* rm is working
  /\ rm_state' = [rm_state EXCEPT ![rm] = "PREPARED"]

(* Manager rm commits.  Source: TCommit, Decide, first case. *)
DecideCommit(rm) ==
  /\ rm_state[rm] = "PREPARED"  \* rm is prepared
  \* every manager is prepared, or has committed
  /\ Holds(\A r \in RM : rm_state[r] = "PREPARED" \/ rm_state[r] = "COMMITTED")
  /\ rm_state' = [rm_state EXCEPT ![rm] = "COMMITTED"]

(* Manager rm aborts.  Source: TCommit, Decide, second case. *)
DecideAbort(rm) ==
  /\ Holds(rm_state[rm] = "WORKING" \/ rm_state[rm] = "PREPARED")  \* rm has not decided
  /\ ~(\E r \in RM : rm_state[r] = "COMMITTED")  \* no manager has committed
  /\ rm_state' = [rm_state EXCEPT ![rm] = "ABORTED"]

Next ==
  \/ \E rm \in RM : Prepare(rm)
  \/ \E rm \in RM : DecideCommit(rm)
  \/ \E rm \in RM : DecideAbort(rm)

Spec == Init /\ [][Next]_vars

----------------------------------------------------------------------------------------------------
\* What holds of states and steps

TypeOK == rm_state \in [RM -> RMState]

(* Consistent.  No two managers have come to opposite decisions.  Source: TCommit,
   TCConsistent. *)
Consistent == \A a, b \in RM : ~(rm_state[a] = "ABORTED" /\ rm_state[b] = "COMMITTED")

----------------------------------------------------------------------------------------------------
\* What can be reached

(* all commit *)
AllCommit == \A r \in RM : rm_state[r] = "COMMITTED"

(* all abort *)
AllAbort == \A r \in RM : rm_state[r] = "ABORTED"

----------------------------------------------------------------------------------------------------
\* What the configuration asks of TLC

NeverAllCommit == ~ AllCommit
NeverAllAbort == ~ AllAbort
Symmetry == Permutations(RM)
====================================================================================================
