-------------------------------------- MODULE TwoPhaseCommit ---------------------------------------
(* The transaction manager commits once all resource managers are prepared.

   Two-phase commit: one transaction manager asks whether all are prepared, and tells all
   what it has decided.

   Source: Gray & Lamport, Consensus on Transaction Commit (2006), section 3; TLA+ module
   TwoPhase.

   Throughout this file: rm is a resource manager; tm is the transaction manager, one
   process, which does not fail but in a tweak. Differs: as in the module, and unlike a
   textbook, a resource manager prepares unasked and aborts without a word, and the tm may
   abort at any time: a request to prepare and a No only make these steps likely, they do not
   make them safe.

   Exported by mcheck from the specification TwoPhaseCommit, of one configuration: 3
   managers. *)
EXTENDS Integers, FiniteSets, TLC

CONSTANTS
  RM   \* A resource manager.

ASSUME Cardinality(RM) = 3

VARIABLES
  rm_state,
  tm_state,
  tm_prepared,  \* those whose Prepared has reached the transaction manager
  \* Every message ever sent; never emptied.  A lost message is one that nobody receives, as nobody
  \* has to; and to receive one twice changes nothing.
  msgs

vars == <<rm_state, tm_state, tm_prepared, msgs>>

RMState == {"WORKING", "PREPARED", "COMMITTED", "ABORTED"}
TMState == {"INIT", "COMMITTED", "ABORTED", "CRASHED"}
Prepared == [type : {"Prepared"}, rm : RM]
Commit == [type : {"Commit"}]
Abort == [type : {"Abort"}]
Message == Prepared \union Commit \union Abort

----------------------------------------------------------------------------------------------------
\* Initial states and actions

Init == rm_state = [x \in RM |-> "WORKING"] /\ tm_state = "INIT" /\ tm_prepared = {} /\ msgs = {}

(* The transaction manager learns that rm is prepared.  Source: TwoPhase, TMRcvPrepared. *)
TmRcvPrepared(rm) ==
  /\ tm_state = "INIT"  \* the transaction manager is undecided
  /\ [type |-> "Prepared", rm |-> rm] \in msgs  \* rm has said that it is prepared
  /\ tm_prepared' = tm_prepared \union {rm}
  /\ UNCHANGED <<rm_state, tm_state, msgs>>

(* The transaction manager commits.  Source: TwoPhase, TMCommit. *)
TmCommit ==
  /\ tm_state = "INIT"  \* the transaction manager is undecided
  /\ Cardinality(tm_prepared) = 3  \* all are known to be prepared
  /\ tm_state' = "COMMITTED"
  /\ msgs' = msgs \union {[type |-> "Commit"]}
  /\ UNCHANGED <<rm_state, tm_prepared>>

(* The transaction manager aborts, for whatever reason.  Source: TwoPhase, TMAbort. *)
TmAbort ==
  /\ tm_state = "INIT"  \* the transaction manager is undecided
  /\ tm_state' = "ABORTED"
  /\ msgs' = msgs \union {[type |-> "Abort"]}
  /\ UNCHANGED <<rm_state, tm_prepared>>

(* Manager rm prepares, and with that gives up its right to abort.  Source: TwoPhase,
   RMPrepare. *)
RmPrepare(rm) ==
  /\ rm_state[rm] = "WORKING"  \* rm is working
  /\ rm_state' = [rm_state EXCEPT ![rm] = "PREPARED"]
  /\ msgs' = msgs \union {[type |-> "Prepared", rm |-> rm]}
  /\ UNCHANGED <<tm_state, tm_prepared>>

(* Manager rm aborts of its own accord.  Source: TwoPhase, RMChooseToAbort. *)
RmChooseToAbort(rm) ==
  /\ rm_state[rm] = "WORKING"  \* rm has promised nothing yet
  /\ rm_state' = [rm_state EXCEPT ![rm] = "ABORTED"]
  /\ UNCHANGED <<tm_state, tm_prepared, msgs>>

(* Manager rm is told to commit.  Source: TwoPhase, RMRcvCommitMsg. *)
RmRcvCommitMsg(rm) ==
  /\ [type |-> "Commit"] \in msgs  \* the transaction manager has committed
  /\ rm_state' = [rm_state EXCEPT ![rm] = "COMMITTED"]
  /\ UNCHANGED <<tm_state, tm_prepared, msgs>>

(* Manager rm is told to abort.  Source: TwoPhase, RMRcvAbortMsg. *)
RmRcvAbortMsg(rm) ==
  /\ [type |-> "Abort"] \in msgs  \* the transaction manager has aborted
  /\ rm_state' = [rm_state EXCEPT ![rm] = "ABORTED"]
  /\ UNCHANGED <<tm_state, tm_prepared, msgs>>

Next ==
  \/ \E rm \in RM : TmRcvPrepared(rm)
  \/ TmCommit
  \/ TmAbort
  \/ \E rm \in RM : RmPrepare(rm)
  \/ \E rm \in RM : RmChooseToAbort(rm)
  \/ \E rm \in RM : RmRcvCommitMsg(rm)
  \/ \E rm \in RM : RmRcvAbortMsg(rm)

Spec == Init /\ [][Next]_vars

----------------------------------------------------------------------------------------------------
\* What holds of states and steps

TypeOK ==
  /\ rm_state \in [RM -> RMState]
  /\ tm_state \in TMState
  /\ tm_prepared \subseteq RM
  /\ msgs \subseteq Message

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
\* Refinement

(* The resource managers alone.  Source: TwoPhase, `TC == INSTANCE TCommit`. *)
TCommit == INSTANCE TCommit WITH
  rm_state <- rm_state

----------------------------------------------------------------------------------------------------
\* What the configuration asks of TLC

NeverAllCommit == ~ AllCommit
NeverAllAbort == ~ AllAbort
ImplementsTCommit == TCommit!Init /\ [][TCommit!Next]_(TCommit!vars)
Symmetry == Permutations(RM)

----------------------------------------------------------------------------------------------------
\* What every fair behaviour comes to

Fairness ==
  /\ WF_vars((\E rm \in RM : TmRcvPrepared(rm)) \/ TmCommit \/ TmAbort)
  /\ \A rm \in RM :
       WF_vars(RmPrepare(rm) \/ RmChooseToAbort(rm) \/ RmRcvCommitMsg(rm) \/ RmRcvAbortMsg(rm))

FairSpec == Spec /\ Fairness

(* Termination.  Every manager decides. *)
Termination == \A rm \in RM : <>(rm_state[rm] = "COMMITTED" \/ rm_state[rm] = "ABORTED")
====================================================================================================
