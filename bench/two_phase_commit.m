-- Two-phase commit: one transaction manager, N resource managers, no failures but an abort at any time.
--
-- Source: Gray & Lamport, Consensus on Transaction Commit (2006), §3; TLA+ module TwoPhase.
-- Modelled: as models/two_phase_commit.py has it.  A message once sent stays: `said` and the two `sent` are the messages.
-- Counts: N = 5: 8,832 states; N = 7: 296,448; N = 8: 1,745,408 (6^N + 4^N + 2^N).
-- Run: rumur --deadlock-detection off --threads 1 -o two_phase_commit.c two_phase_commit.m
--      gcc -O3 -march=native -o two_phase_commit two_phase_commit.c -lpthread -mcx16 -latomic && ./two_phase_commit
const
  N: 8;
type
  manager: 0..N-1;
var
  state: array[manager] of enum { working, prepared, committed, aborted };
  decision: enum { undecided, commit, abort };  -- of the transaction manager
  said: array[manager] of boolean;              -- whose Prepared has been sent
  heard: array[manager] of boolean;             -- whose Prepared has been received
  commit_sent: boolean;
  abort_sent: boolean;

startstate begin
  for r: manager do
    state[r] := working;
    said[r] := false;
    heard[r] := false;
  end;
  decision := undecided;
  commit_sent := false;
  abort_sent := false;
end;

rule "tm_commit" decision = undecided & forall r: manager do heard[r] end ==> begin
  decision := commit;
  commit_sent := true;
end;

rule "tm_abort" decision = undecided ==> begin
  decision := abort;
  abort_sent := true;
end;

ruleset r: manager do
  rule "tm_rcv_prepared" decision = undecided & said[r] ==> begin heard[r] := true; end;
  rule "rm_prepare" state[r] = working ==> begin state[r] := prepared; said[r] := true; end;
  rule "rm_choose_to_abort" state[r] = working ==> begin state[r] := aborted; end;
  rule "rm_rcv_commit_msg" commit_sent ==> begin state[r] := committed; end;
  rule "rm_rcv_abort_msg" abort_sent ==> begin state[r] := aborted; end;
end;

invariant "Consistent"
  !((exists r: manager do state[r] = committed end) & (exists r: manager do state[r] = aborted end));
