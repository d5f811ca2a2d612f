-------------------------- MODULE two_phase_commit --------------------------
(* Two-phase commit: one transaction manager, the resource managers RM, no failures but an abort at any time.

   Source: Gray & Lamport, Consensus on Transaction Commit (2006), section 3; module TwoPhase of the TLA+ examples.
   Modelled: as models/two_phase_commit.py has it.  A message once sent stays: the set sent only grows.
   Counts: 5 managers: 8,832 states; 7: 296,448 (2,744,706 generated); 8: 1,745,408 (18,507,778 generated).
   Run: java -cp tla2tools.jar tlc2.TLC -deadlock -config two_phase_commit.cfg two_phase_commit.tla *)
CONSTANT RM
VARIABLES
  state,      \* of each resource manager
  decision,   \* of the transaction manager
  heard,      \* the managers whose Prepared it has received
  sent        \* every message ever sent: a manager stands for its Prepared

vars == <<state, decision, heard, sent>>

Init ==
  /\ state = [r \in RM |-> "working"]
  /\ decision = "none"
  /\ heard = {}
  /\ sent = [prepared |-> {}, decided |-> {}]

TmRcvPrepared(r) ==
  /\ decision = "none"
  /\ r \in sent.prepared
  /\ heard' = heard \union {r}
  /\ UNCHANGED <<state, decision, sent>>

TmDecide(d) ==
  /\ decision = "none"
  /\ decision' = d
  /\ sent' = [sent EXCEPT !.decided = @ \union {d}]
  /\ UNCHANGED <<state, heard>>

TmCommit == heard = RM /\ TmDecide("committed")

TmAbort == TmDecide("aborted")

RmPrepare(r) ==
  /\ state[r] = "working"
  /\ state' = [state EXCEPT ![r] = "prepared"]
  /\ sent' = [sent EXCEPT !.prepared = @ \union {r}]
  /\ UNCHANGED <<decision, heard>>

RmChooseToAbort(r) ==
  /\ state[r] = "working"
  /\ state' = [state EXCEPT ![r] = "aborted"]
  /\ UNCHANGED <<decision, heard, sent>>

RmRcv(r, d) ==
  /\ d \in sent.decided
  /\ state' = [state EXCEPT ![r] = d]
  /\ UNCHANGED <<decision, heard, sent>>

Next ==
  \/ TmCommit
  \/ TmAbort
  \/ \E r \in RM :
       \/ TmRcvPrepared(r)
       \/ RmPrepare(r)
       \/ RmChooseToAbort(r)
       \/ RmRcv(r, "committed")
       \/ RmRcv(r, "aborted")

Spec == Init /\ [][Next]_vars

Consistent == ~ \E a, b \in RM : state[a] = "committed" /\ state[b] = "aborted"
=============================================================================
