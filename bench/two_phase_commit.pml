/* Two-phase commit: one transaction manager, N resource managers, no failures but an abort at any time.
 *
 * Source: Gray & Lamport, Consensus on Transaction Commit (2006), §3; TLA+ module TwoPhase.
 * Modelled: as models/two_phase_commit.py has it.  A message once sent stays, so sending is setting a bit; receiving
 * takes nothing away.  Sets of managers are bit sets; a manager is working as long as it is in none of three sets.
 * Every option of the loop is one step.  The last one is the invariant, tried in every state.
 * Counts: N = 5: 8,832 states; N = 7: 296,448; N = 8: 1,745,408 (6^N + 4^N + 2^N).
 * Run: spin -a -DN=8 two_phase_commit.pml && gcc -O2 -DSAFETY -DNOREDUCE -o pan pan.c && ./pan -m1000000 -w24
 */
#ifndef N
#define N 8
#endif
#define EVERYONE ((1 << N) - 1)
#define UNDECIDED 0
#define COMMIT 1
#define ABORT 2

byte prepared, committed, aborted;      /* the managers in each state */
byte said;                              /* the managers whose Prepared has been sent */
byte heard;                             /* those whose Prepared has been received */
byte decision;                          /* of the transaction manager */
bit commit_sent, abort_sent;

#define IS_WORKING(r) (!((prepared | committed | aborted) & (1 << r)))

#define MANAGER(r) \
  :: d_step { decision == UNDECIDED && (said & (1 << r)) -> heard = heard | (1 << r) } \
  :: d_step { IS_WORKING(r) -> prepared = prepared | (1 << r); said = said | (1 << r) } \
  :: d_step { IS_WORKING(r) -> aborted = aborted | (1 << r) } \
  :: d_step { commit_sent -> \
       prepared = prepared & ~(1 << r); aborted = aborted & ~(1 << r); committed = committed | (1 << r) } \
  :: d_step { abort_sent -> \
       prepared = prepared & ~(1 << r); committed = committed & ~(1 << r); aborted = aborted | (1 << r) }

active proctype system() {
end:
  do
  :: d_step { decision == UNDECIDED && heard == EVERYONE -> decision = COMMIT; commit_sent = 1 }
  :: d_step { decision == UNDECIDED -> decision = ABORT; abort_sent = 1 }
  MANAGER(0)
  MANAGER(1)
  MANAGER(2)
  MANAGER(3)
  MANAGER(4)
#if N > 5
  MANAGER(5)
#endif
#if N > 6
  MANAGER(6)
#endif
#if N > 7
  MANAGER(7)
#endif
  :: d_step { committed && aborted -> assert(false) }   /* Consistent */
  od
}
