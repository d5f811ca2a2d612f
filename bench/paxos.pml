/* Single-decree Paxos: 3 acceptors, 2 values, ballots 0..2; any two acceptors are a quorum.
 *
 * Source: Lamport, Paxos Made Simple (2001), §2; TLA+ module Paxos.
 * Modelled: as models/paxos.py has it.  A message once sent stays, so the messages are bit sets:
 *   prepare          the ballots that have begun
 *   promise[3*a+b]   what acceptor a has promised ballot b: bit 0 "I have not voted", bit 1+2c+v "I voted for v in c"
 *   accept[b]        the values proposed in ballot b
 *   accepted[3*a+b]  the values that acceptor a has voted for in ballot b
 * The highest vote among promises is the highest bit but for the value, hence TOP.
 * Every option of the loop is one step.  The last one is the invariant, tried in every state.
 * Counts: 185,369 states.
 * Run: spin -a paxos.pml && gcc -O2 -DSAFETY -DNOREDUCE -o pan pan.c && ./pan -m1000000 -w22
 */
byte max_bal[3];        /* 1 + the highest ballot an acceptor has taken part in; 0: none */
byte vote[3] = 1;       /* the highest vote of an acceptor, as the bit it will report; 1: it has not voted */
byte prepare;
byte promise[9];
byte accept[3];
byte accepted[9];

#define TOP(m) ((m) & 96 -> (m) >> 5 : ((m) & 24 -> (m) >> 3 : (m) >> 1))
#define BOTH(q, r, b) (promise[3*q+b] | promise[3*r+b])
#define ALLOW(q, r, b, v) (promise[3*q+b] && promise[3*r+b] && \
  (BOTH(q, r, b) == 1 || (TOP(BOTH(q, r, b)) & (1 << v))))

#define PHASE_1A(b) :: d_step { true -> prepare = prepare | (1 << b) }
#define PHASE_1B(a, b) \
  :: d_step { (prepare & (1 << b)) && b >= max_bal[a] -> \
       max_bal[a] = b + 1; promise[3*a+b] = promise[3*a+b] | vote[a] }
#define PHASE_2A(b, v) \
  :: d_step { accept[b] == 0 && (ALLOW(0, 1, b, v) || ALLOW(0, 2, b, v) || ALLOW(1, 2, b, v)) -> accept[b] = 1 << v }
#define PHASE_2B(a, b, v) \
  :: d_step { (accept[b] & (1 << v)) && b + 1 >= max_bal[a] -> \
       max_bal[a] = b + 1; vote[a] = 1 << (1 + 2*b + v); accepted[3*a+b] = accepted[3*a+b] | (1 << v) }

#define ACCEPTOR(a) \
  PHASE_1B(a, 0) PHASE_1B(a, 1) PHASE_1B(a, 2) \
  PHASE_2B(a, 0, 0) PHASE_2B(a, 0, 1) PHASE_2B(a, 1, 0) PHASE_2B(a, 1, 1) PHASE_2B(a, 2, 0) PHASE_2B(a, 2, 1)

/* The values that a quorum has voted for in ballot b. */
#define CHOSEN_IN(b) ((accepted[b] & accepted[3+b]) | (accepted[b] & accepted[6+b]) | (accepted[3+b] & accepted[6+b]))
#define CHOSEN (CHOSEN_IN(0) | CHOSEN_IN(1) | CHOSEN_IN(2))

active proctype system() {
end:
  do
  PHASE_1A(0) PHASE_1A(1) PHASE_1A(2)
  PHASE_2A(0, 0) PHASE_2A(0, 1) PHASE_2A(1, 0) PHASE_2A(1, 1) PHASE_2A(2, 0) PHASE_2A(2, 1)
  ACCEPTOR(0)
  ACCEPTOR(1)
  ACCEPTOR(2)
  :: d_step { CHOSEN == 3 -> assert(false) }            /* Agreement */
  od
}
