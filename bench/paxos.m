-- Single-decree Paxos: 3 acceptors, 2 values, ballots 0..2; any two acceptors are a quorum.
--
-- Source: Lamport, Paxos Made Simple (2001), §2; TLA+ module Paxos.
-- Modelled: as models/paxos.py has it.  A message once sent stays: the messages are arrays of booleans.  A quorum is named
-- by the acceptor that is not in it.  Ballots of acceptors are counted from 1; 0: none.
-- Counts: 185,369 states.
-- Run: rumur --deadlock-detection off --threads 1 -o paxos.c paxos.m
--      gcc -O3 -march=native -o paxos paxos.c -lpthread -mcx16 -latomic && ./paxos
const
  ACCEPTORS: 3;
  VALUES: 2;
  BALLOTS: 3;
type
  acceptor: 0..ACCEPTORS-1;
  value: 0..VALUES-1;
  ballot: 0..BALLOTS-1;
  taken: 0..BALLOTS;
var
  max_bal: array[acceptor] of taken;            -- the highest ballot it has taken part in
  vote_bal: array[acceptor] of taken;           -- its highest vote: the ballot
  vote_val: array[acceptor] of value;           --                   the value, undefined before it votes
  prepare: array[ballot] of boolean;
  free: array[acceptor] of array[ballot] of boolean;  -- promised to a ballot without a vote to report
  promise: array[acceptor] of array[ballot] of array[ballot] of array[value] of boolean;  -- promised with this vote
  accept: array[ballot] of array[value] of boolean;
  accepted: array[acceptor] of array[ballot] of array[value] of boolean;

function promised(a: acceptor; b: ballot): boolean; begin
  return free[a][b] | exists c: ballot do exists v: value do promise[a][b][c][v] end end;
end;

-- Whether a quorum has voted for v.
function chosen(v: value): boolean; begin
  return exists b: ballot do
      (accepted[0][b][v] & accepted[1][b][v])
    | (accepted[0][b][v] & accepted[2][b][v])
    | (accepted[1][b][v] & accepted[2][b][v])
  end;
end;

startstate begin
  for a: acceptor do
    max_bal[a] := 0;
    vote_bal[a] := 0;
    undefine vote_val[a];
    for b: ballot do
      free[a][b] := false;
      for c: ballot do for v: value do promise[a][b][c][v] := false; end; end;
      for v: value do accepted[a][b][v] := false; end;
    end;
  end;
  for b: ballot do
    prepare[b] := false;
    for v: value do accept[b][v] := false; end;
  end;
end;

ruleset b: ballot do
  rule "phase_1a" true ==> begin prepare[b] := true; end;

  ruleset v: value; out: acceptor do
    rule "phase_2a"
      (forall w: value do !accept[b][w] end) &
      (forall a: acceptor do a = out | promised(a, b) end) &
      ( (forall a: acceptor do a = out | forall c: ballot do forall w: value do !promise[a][b][c][w] end end end)
      | (exists c: ballot do
           (exists a: acceptor do a != out & promise[a][b][c][v] end) &
           (forall a: acceptor do a = out |
             forall d: ballot do d <= c | forall w: value do !promise[a][b][d][w] end end end)
         end) )
    ==> begin accept[b][v] := true; end;
  end;

  ruleset a: acceptor do
    rule "phase_1b" prepare[b] & b >= max_bal[a] ==> begin
      max_bal[a] := b + 1;
      if vote_bal[a] = 0 then free[a][b] := true;
      else promise[a][b][vote_bal[a] - 1][vote_val[a]] := true;
      end;
    end;
  end;

  ruleset a: acceptor; v: value do
    rule "phase_2b" accept[b][v] & b + 1 >= max_bal[a] ==> begin
      max_bal[a] := b + 1;
      vote_bal[a] := b + 1;
      vote_val[a] := v;
      accepted[a][b][v] := true;
    end;
  end;
end;

invariant "Agreement"
  forall v: value do forall w: value do v = w | !(chosen(v) & chosen(w)) end end;
