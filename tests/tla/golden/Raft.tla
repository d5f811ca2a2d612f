------------------------------------------- MODULE Raft --------------------------------------------
(* Leader election, log replication and the commit rule, with servers that restart.

   Raft: leader election and log replication.

   Source: D. Ongaro and J. Ousterhout, In Search of an Understandable Consensus Algorithm,
   USENIX ATC 2014; Figure 2 is the algorithm and Figure 3 what it promises.  Read this file
   beside them.

   Granularity: one step is a local action (a timeout with its broadcast, a client's request,
   one AppendEntries, a restart) or the delivery of one message, with everything that follows
   from it at once: the term is adopted, the reply sent, the leadership taken, the commit
   index advanced.  Fewer interleavings than with a step for each rule, and the same
   guarantees, as no other server can observe the moment in between.

   Throughout this file: i, j servers; m a message; v a client's value; index the position of
   a log entry, counted from 1; `me` the server that takes the step.

   The network is a set of messages in flight.  It reorders them freely, and loses them by
   not delivering them; delivery removes the message.  `raft_networks` has others,
   `raft_election_tweaks` and `raft_log_tweaks` the ways to get Raft wrong.

   Exported by mcheck from the specification Raft, of one configuration: 3 nodes, 1 value,
   terms 0..2, logs 0..2, messages <= 4, restarts 0..1. *)
EXTENDS Integers, FiniteSets, Sequences, TLC

CONSTANTS
  Node,         \* A server of the cluster.
  Value,        \* A command that a client may ask for.
  None,         \* no value
  MaxTerm,      \* highest term explored; the first is 0
  MaxLog,       \* longest log explored
  MaxMessages,  \* most messages in flight
  MaxRestarts   \* most restarts, of all servers together

ASSUME Cardinality(Node) = 3 /\ Cardinality(Value) = 1 /\ MaxTerm = 2 /\ MaxLog = 2 /\ MaxMessages = 4 /\ MaxRestarts = 1

VARIABLES
  servers,
  network,
  restarts,
  elected,    \* the terms that each server has won
  committed,  \* what was ever committed
  requested   \* what clients ever asked for

vars == <<servers, network, restarts, elected, committed, requested>>

Role == {"FOLLOWER", "CANDIDATE", "LEADER"}
Term == 0 .. MaxTerm
Entry == [term : Term, value : Value]
LogIndex == 0 .. MaxLog
NextIndex == 1 .. MaxLog + 1
Server == [role : Role,
           current_term : Term,
           voted_for : {None} \union Node,
           log : Seq(Entry),
           commit_index : LogIndex,
           votes_granted : SUBSET Node,
           next_index : [Node -> NextIndex],
           match_index : [Node -> LogIndex]]
RequestVote == [type : {"RequestVote"},
                src : Node,
                dst : Node,
                term : Term,
                last_log_index : LogIndex,
                last_log_term : Term]
RequestVoteReply == [type : {"RequestVoteReply"},
                     src : Node,
                     dst : Node,
                     term : Term,
                     vote_granted : BOOLEAN]
AppendEntriesSet == [type : {"AppendEntries"},
                     src : Node,
                     dst : Node,
                     term : Term,
                     prev_log_index : LogIndex,
                     prev_log_term : Term,
                     entries : Seq(Entry),
                     leader_commit : LogIndex]
AppendEntriesReply == [type : {"AppendEntriesReply"},
                       src : Node,
                       dst : Node,
                       term : Term,
                       success : BOOLEAN,
                       match_index : LogIndex]
Message == RequestVote \union RequestVoteReply \union AppendEntriesSet \union AppendEntriesReply
Commit == [log_index : LogIndex, entry : Entry, term : Term]

\* The condition itself.  TLC would take a step once for each way in which it is true.
Holds(p) == p = TRUE
Min(a, b) == IF a < b THEN a ELSE b
Max(a, b) == IF a > b THEN a ELSE b
Greatest(S) == CHOOSE a \in S : \A b \in S : a >= b

----------------------------------------------------------------------------------------------------
\* Initial states and actions

Init ==
  /\ servers = [x \in Node |->
                 [role |-> "FOLLOWER",
                  current_term |-> 0,
                  voted_for |-> None,
                  log |-> <<>>,
                  commit_index |-> 0,
                  votes_granted |-> {},
                  next_index |-> [x2 \in Node |-> 1],
                  match_index |-> [x2 \in Node |-> 0]]]
  /\ network = {}
  /\ restarts = 0
  /\ elected = [x \in Node |-> {}]
  /\ committed = {}
  /\ requested = {}

(* A follower or candidate hears no leader, starts an election, and asks everyone else for
   votes.

   Source: Fig. 2, Rules for Servers, Candidates; section 5.2. *)
Timeout(i) ==
  LET term == servers[i].current_term + 1
  IN /\ servers[i].role # "LEADER"  \* a leader does not start an election
     /\ IF 3 < Cardinality({i}) * 2
        THEN /\ servers' = [servers EXCEPT
                             ![i].role = "LEADER",
                             ![i].current_term = term,
                             ![i].voted_for = i,
                             ![i].votes_granted = {},
                             ![i].next_index = [n \in Node |-> Len(servers[i].log) + 1],
                             ![i].match_index = [x \in Node |-> 0]]
             /\ elected' = [elected EXCEPT ![i] = elected[i] \union {term}]
        ELSE /\ servers' = [servers EXCEPT
                             ![i].role = "CANDIDATE",
                             ![i].current_term = term,
                             ![i].voted_for = i,
                             ![i].votes_granted = {i}]
             /\ UNCHANGED elected
     /\ network' = network \union {IF 0 < Len(servers[i].log)
                                   THEN [type |-> "RequestVote",
                                         src |-> i,
                                         dst |-> n,
                                         term |-> term,
                                         last_log_index |-> Len(servers[i].log),
                                         last_log_term |-> servers[i].log[Len(servers[i].log)].term]
                                   ELSE [type |-> "RequestVote",
                                         src |-> i,
                                         dst |-> n,
                                         term |-> term,
                                         last_log_index |-> Len(servers[i].log),
                                         last_log_term |-> 0] :
                                    n \in {n \in Node : i # n}}
     /\ UNCHANGED <<restarts, committed, requested>>

(* A leader appends a client's command to its log.  Source: Fig. 2, Rules for Servers,
   Leaders. *)
ClientRequest(i, v) ==
  LET entry == [term |-> servers[i].current_term, value |-> v]
      index == Max(servers[i].commit_index,
                   LET numbers == {k \in 1 .. 2 :
                                    /\ Len(servers[i].log) + 1 >= k
                                    /\ servers[i].current_term =
                                         (IF Len(servers[i].log) < k
                                          THEN servers[i].current_term
                                          ELSE servers[i].log[k].term)
                                    /\ 3 < Cardinality({n \in Node :
                                                         \/ i = n
                                                         \/ servers[i].match_index[n] >= k}) *
                                             2}
                   IN IF numbers = {} THEN 0 ELSE Greatest(numbers))
  IN /\ servers[i].role = "LEADER"  \* only a leader takes requests
     /\ servers' = [servers EXCEPT
                     ![i].log = Append(servers[i].log, entry),
                     ![i].commit_index = index]
     /\ committed' = (IF servers[i].commit_index < index
                      THEN committed \union {c \in {[log_index |-> k,
                                                     entry |-> IF Len(servers[i].log) < k
                                                               THEN entry
                                                               ELSE servers[i].log[k],
                                                     term |-> servers[i].current_term] :
                                                     k \in {k \in 1 .. 2 :
                                                             /\ servers[i].commit_index < k
                                                             /\ index >= k
                                                             /\ Len(servers[i].log) + 1 >= k}} :
                                              ~(\E c2 \in committed :
                                                  /\ c.log_index = c2.log_index
                                                  /\ c.entry = c2.entry)}
                      ELSE committed)
     /\ requested' = requested \union {v}
     /\ UNCHANGED <<network, restarts, elected>>

(* A leader sends j the entry at its next_index, or a heartbeat if there is none.

   Source: Fig. 2, Rules for Servers, Leaders. *)
AppendEntries(i, j) ==
  LET next_index == servers[i].next_index[j]
      index == next_index - 1
      part == SubSeq(servers[i].log, index + 1, Min(next_index, Len(servers[i].log)))
  IN /\ i # j  \* a leader does not send to itself
     /\ servers[i].role = "LEADER"  \* only a leader replicates
     /\ IF 1 < next_index
        THEN /\ Assert(next_index >= 2 /\ Len(servers[i].log) + 1 >= next_index,
                       "raft.py:278: append_entries: IndexError: tuple index out of range")
             /\ network' = network \union {[type |-> "AppendEntries",
                                            src |-> i,
                                            dst |-> j,
                                            term |-> servers[i].current_term,
                                            prev_log_index |-> index,
                                            prev_log_term |-> servers[i].log[next_index - 1].term,
                                            entries |-> part,
                                            leader_commit |-> servers[i].commit_index]}
        ELSE network' = network \union {[type |-> "AppendEntries",
                                         src |-> i,
                                         dst |-> j,
                                         term |-> servers[i].current_term,
                                         prev_log_index |-> index,
                                         prev_log_term |-> 0,
                                         entries |-> part,
                                         leader_commit |-> servers[i].commit_index]}
     /\ UNCHANGED <<servers, restarts, elected, committed, requested>>

(* Deliver, of a message RequestVote.

   Source: Fig. 2, RequestVote RPC, Arguments; `src` is candidateId. *)
DeliverRequestVote(m) ==
  LET current_term == servers[m.dst].current_term
      voted_for == servers[m.dst].voted_for
      term == servers[m.dst].log[Len(servers[m.dst].log)].term
      new_servers == [servers EXCEPT
                       ![m.dst].role = "FOLLOWER",
                       ![m.dst].votes_granted = {},
                       ![m.dst].next_index = [x \in Node |-> 1],
                       ![m.dst].match_index = [x \in Node |-> 0],
                       ![m.dst].current_term = m.term,
                       ![m.dst].voted_for = m.src]
      new_servers2 == [servers EXCEPT ![m.dst].voted_for = m.src]
      new_network == (network \ {m}) \union {[type |-> "RequestVoteReply",
                                              src |-> m.dst,
                                              dst |-> m.src,
                                              term |-> current_term,
                                              vote_granted |-> FALSE]}
      condition == \/ term < m.last_log_term
                   \/ term = m.last_log_term /\ m.last_log_index >= Len(servers[m.dst].log)
      condition2 == 0 < m.last_log_term \/ m.last_log_index >= Len(servers[m.dst].log)
  IN /\ IF current_term < m.term
        THEN IF 0 < Len(servers[m.dst].log)
             THEN IF condition
                  THEN /\ servers' = new_servers
                       /\ network' = (network \ {m}) \union {[type |-> "RequestVoteReply",
                                                              src |-> m.dst,
                                                              dst |-> m.src,
                                                              term |-> m.term,
                                                              vote_granted |-> TRUE]}
                  ELSE /\ servers' = [servers EXCEPT
                                       ![m.dst].role = "FOLLOWER",
                                       ![m.dst].votes_granted = {},
                                       ![m.dst].next_index = [x \in Node |-> 1],
                                       ![m.dst].match_index = [x \in Node |-> 0],
                                       ![m.dst].current_term = m.term,
                                       ![m.dst].voted_for = None]
                       /\ network' = (network \ {m}) \union {[type |-> "RequestVoteReply",
                                                              src |-> m.dst,
                                                              dst |-> m.src,
                                                              term |-> m.term,
                                                              vote_granted |-> FALSE]}
             ELSE /\ servers' = new_servers
                  /\ network' = (network \ {m}) \union {[type |-> "RequestVoteReply",
                                                         src |-> m.dst,
                                                         dst |-> m.src,
                                                         term |-> m.term,
                                                         vote_granted |-> condition2]}
        ELSE IF m.term = current_term /\ (voted_for # None => m.src = voted_for)
        THEN IF 0 < Len(servers[m.dst].log)
             THEN IF condition
                  THEN /\ servers' = new_servers2
                       /\ network' = (network \ {m}) \union {[type |-> "RequestVoteReply",
                                                              src |-> m.dst,
                                                              dst |-> m.src,
                                                              term |-> current_term,
                                                              vote_granted |-> TRUE]}
                  ELSE network' = new_network /\ UNCHANGED servers
             ELSE /\ servers' = new_servers2
                  /\ network' = (network \ {m}) \union {[type |-> "RequestVoteReply",
                                                         src |-> m.dst,
                                                         dst |-> m.src,
                                                         term |-> current_term,
                                                         vote_granted |-> condition2]}
        ELSE network' = new_network /\ UNCHANGED servers
     /\ UNCHANGED <<restarts, elected, committed, requested>>

(* Deliver, of a message RequestVoteReply.

   Source: Fig. 2, RequestVote RPC, Results. *)
DeliverRequestVoteReply(m) ==
  LET current_term == servers[m.dst].current_term
      new_votes_granted == servers[m.dst].votes_granted \union {m.src}
  IN /\ IF current_term < m.term
        THEN /\ servers' = [servers EXCEPT
                             ![m.dst].role = "FOLLOWER",
                             ![m.dst].votes_granted = {},
                             ![m.dst].next_index = [x \in Node |-> 1],
                             ![m.dst].match_index = [x \in Node |-> 0],
                             ![m.dst].current_term = m.term,
                             ![m.dst].voted_for = None]
             /\ UNCHANGED elected
        ELSE IF servers[m.dst].role = "CANDIDATE" /\ m.vote_granted /\ m.term = current_term
        THEN IF 3 < Cardinality(new_votes_granted) * 2
             THEN /\ servers' = [servers EXCEPT
                                  ![m.dst].votes_granted = {},
                                  ![m.dst].role = "LEADER",
                                  ![m.dst].next_index = [n \in Node |->
                                                          Len(servers[m.dst].log) + 1],
                                  ![m.dst].match_index = [x \in Node |-> 0]]
                  /\ elected' = [elected EXCEPT ![m.dst] = elected[m.dst] \union {current_term}]
             ELSE /\ servers' = [servers EXCEPT ![m.dst].votes_granted = new_votes_granted]
                  /\ UNCHANGED elected
        ELSE UNCHANGED <<servers, elected>>
     /\ network' = network \ {m}
     /\ UNCHANGED <<restarts, committed, requested>>

(* Deliver, of a message AppendEntries.

   Source: Fig. 2, AppendEntries RPC, Arguments; `src` is leaderId.  Differs: at most one
   entry, as longer ones act like several of these; with none it is a heartbeat. *)
DeliverAppendEntries(m) ==
  LET current_term == servers[m.dst].current_term
      commit_index == servers[m.dst].commit_index
      index == m.prev_log_index + Len(m.entries)
      index2 == Max(commit_index, Min(m.leader_commit, index))
      new_network == (network \ {m}) \union {[type |-> "AppendEntriesReply",
                                              src |-> m.dst,
                                              dst |-> m.src,
                                              term |-> m.term,
                                              success |-> TRUE,
                                              match_index |-> index]}
      new_servers == [servers EXCEPT
                       ![m.dst].role = "FOLLOWER",
                       ![m.dst].votes_granted = {},
                       ![m.dst].next_index = [x \in Node |-> 1],
                       ![m.dst].match_index = [x \in Node |-> 0],
                       ![m.dst].current_term = m.term,
                       ![m.dst].voted_for = None,
                       ![m.dst].commit_index = index2]
      value == SubSeq(servers[m.dst].log, 1, Min(m.prev_log_index, Len(servers[m.dst].log))) \o
                 m.entries
      new_servers2 == [servers EXCEPT
                        ![m.dst].role = "FOLLOWER",
                        ![m.dst].votes_granted = {},
                        ![m.dst].next_index = [x \in Node |-> 1],
                        ![m.dst].match_index = [x \in Node |-> 0],
                        ![m.dst].current_term = m.term,
                        ![m.dst].voted_for = None,
                        ![m.dst].log = value,
                        ![m.dst].commit_index = index2]
      index3 == Min(m.prev_log_index, Len(servers[m.dst].log))
      index4 == Len(m.entries) + index3
      new_network2 == (network \ {m}) \union {[type |-> "AppendEntriesReply",
                                               src |-> m.dst,
                                               dst |-> m.src,
                                               term |-> current_term,
                                               success |-> FALSE,
                                               match_index |-> 0]}
      new_network3 == (network \ {m}) \union {[type |-> "AppendEntriesReply",
                                               src |-> m.dst,
                                               dst |-> m.src,
                                               term |-> current_term,
                                               success |-> TRUE,
                                               match_index |-> index]}
      commits == IF commit_index < index2
                 THEN committed \union {c \in {[log_index |-> k,
                                                entry |-> servers[m.dst].log[k],
                                                term |-> m.term] :
                                                k \in {k \in 1 .. 2 :
                                                        /\ commit_index < k
                                                        /\ index2 >= k
                                                        /\ Len(servers[m.dst].log) >= k}} :
                                         ~(\E c2 \in committed :
                                             c.log_index = c2.log_index /\ c.entry = c2.entry)}
                 ELSE committed
      commits2 == IF commit_index < index2
                  THEN committed \union {c \in {[log_index |-> k,
                                                 entry |-> IF index3 < k
                                                           THEN m.entries[k - index3]
                                                           ELSE servers[m.dst].log[k],
                                                 term |-> m.term] :
                                                 k \in {k \in 1 .. 2 :
                                                         /\ commit_index < k
                                                         /\ index2 >= k
                                                         /\ index4 >= k}} :
                                          ~(\E c2 \in committed :
                                              c.log_index = c2.log_index /\ c.entry = c2.entry)}
                  ELSE committed
      condition == /\ m.prev_log_index < Len(servers[m.dst].log)
                   /\ servers[m.dst].log[m.prev_log_index + 1].term = m.entries[1].term
      condition2 == Len(m.entries) = 0 \/ condition
      condition3 == \/ Len(servers[m.dst].log) < m.prev_log_index
                    \/ servers[m.dst].log[m.prev_log_index].term # m.prev_log_term
      commits3 == IF commit_index < index2
                  THEN committed \union {c \in {[log_index |-> k,
                                                 entry |-> servers[m.dst].log[k],
                                                 term |-> current_term] :
                                                 k \in {k \in 1 .. 2 :
                                                         /\ commit_index < k
                                                         /\ index2 >= k
                                                         /\ Len(servers[m.dst].log) >= k}} :
                                          ~(\E c2 \in committed :
                                              c.log_index = c2.log_index /\ c.entry = c2.entry)}
                  ELSE committed
      commits4 == IF commit_index < index2
                  THEN committed \union {c \in {[log_index |-> k,
                                                 entry |-> IF index3 < k
                                                           THEN m.entries[k - index3]
                                                           ELSE servers[m.dst].log[k],
                                                 term |-> current_term] :
                                                 k \in {k \in 1 .. 2 :
                                                         /\ commit_index < k
                                                         /\ index2 >= k
                                                         /\ index4 >= k}} :
                                          ~(\E c2 \in committed :
                                              c.log_index = c2.log_index /\ c.entry = c2.entry)}
                  ELSE committed
      new_servers3 == [servers EXCEPT
                        ![m.dst] = IF servers[m.dst].role = "FOLLOWER"
                                   THEN [servers[m.dst] EXCEPT !.commit_index = index2]
                                   ELSE [servers[m.dst] EXCEPT
                                          !.role = "FOLLOWER",
                                          !.votes_granted = {},
                                          !.next_index = [x \in Node |-> 1],
                                          !.match_index = [x \in Node |-> 0],
                                          !.commit_index = index2]]
      new_servers4 == [servers EXCEPT
                        ![m.dst] = IF servers[m.dst].role = "FOLLOWER"
                                   THEN [servers[m.dst] EXCEPT
                                          !.log = value,
                                          !.commit_index = index2]
                                   ELSE [servers[m.dst] EXCEPT
                                          !.role = "FOLLOWER",
                                          !.votes_granted = {},
                                          !.next_index = [x \in Node |-> 1],
                                          !.match_index = [x \in Node |-> 0],
                                          !.log = value,
                                          !.commit_index = index2]]
  IN /\ IF current_term < m.term
        THEN IF m.prev_log_index = 0
             THEN /\ IF condition2
                     THEN servers' = new_servers /\ committed' = commits
                     ELSE servers' = new_servers2 /\ committed' = commits2
                  /\ network' = new_network
             ELSE IF condition3
             THEN /\ servers' = [servers EXCEPT
                                  ![m.dst].role = "FOLLOWER",
                                  ![m.dst].votes_granted = {},
                                  ![m.dst].next_index = [x \in Node |-> 1],
                                  ![m.dst].match_index = [x \in Node |-> 0],
                                  ![m.dst].current_term = m.term,
                                  ![m.dst].voted_for = None]
                  /\ network' = (network \ {m}) \union {[type |-> "AppendEntriesReply",
                                                         src |-> m.dst,
                                                         dst |-> m.src,
                                                         term |-> m.term,
                                                         success |-> FALSE,
                                                         match_index |-> 0]}
                  /\ UNCHANGED committed
             ELSE /\ IF Len(m.entries) = 0
                     THEN servers' = new_servers /\ committed' = commits
                     ELSE IF condition
                     THEN /\ servers' = new_servers
                          /\ committed' = (IF commit_index < index2
                                           THEN committed \union {c \in {[log_index |-> k,
                                                                          entry |-> servers[m.dst].log[k],
                                                                          term |-> m.term] :
                                                                          k \in {k \in 1 .. 2 :
                                                                                  /\ commit_index < k
                                                                                  /\ index2 >= k}} :
                                                                   ~(\E c2 \in committed :
                                                                       /\ c.log_index = c2.log_index
                                                                       /\ c.entry = c2.entry)}
                                           ELSE committed)
                     ELSE servers' = new_servers2 /\ committed' = commits2
                  /\ network' = new_network
        ELSE IF m.term < current_term
        THEN network' = new_network2 /\ UNCHANGED <<servers, committed>>
        ELSE IF m.prev_log_index = 0
        THEN /\ IF condition2
                THEN servers' = new_servers3 /\ committed' = commits3
                ELSE servers' = new_servers4 /\ committed' = commits4
             /\ network' = new_network3
        ELSE IF condition3
        THEN /\ servers' = (IF servers[m.dst].role = "FOLLOWER"
                            THEN servers
                            ELSE [servers EXCEPT
                                   ![m.dst].role = "FOLLOWER",
                                   ![m.dst].votes_granted = {},
                                   ![m.dst].next_index = [x \in Node |-> 1],
                                   ![m.dst].match_index = [x \in Node |-> 0]])
             /\ network' = new_network2
             /\ UNCHANGED committed
        ELSE /\ IF Len(m.entries) = 0
                THEN servers' = new_servers3 /\ committed' = commits3
                ELSE IF condition
                THEN /\ servers' = new_servers3
                     /\ committed' = (IF commit_index < index2
                                      THEN committed \union {c \in {[log_index |-> k,
                                                                     entry |-> servers[m.dst].log[k],
                                                                     term |-> current_term] :
                                                                     k \in {k \in 1 .. 2 :
                                                                             /\ commit_index < k
                                                                             /\ index2 >= k}} :
                                                              ~(\E c2 \in committed :
                                                                  /\ c.log_index = c2.log_index
                                                                  /\ c.entry = c2.entry)}
                                      ELSE committed)
                ELSE servers' = new_servers4 /\ committed' = commits4
             /\ network' = new_network3
     /\ UNCHANGED <<restarts, elected, requested>>

(* Deliver, of a message AppendEntriesReply.

   Source: Fig. 2, AppendEntries RPC, Results.  Differs: carries match_index, as a reply must
   say what it is about. *)
DeliverAppendEntriesReply(m) ==
  LET current_term == servers[m.dst].current_term
      next_index == servers[m.dst].next_index
      match_index == servers[m.dst].match_index
      commit_index == servers[m.dst].commit_index
      index == Max(commit_index,
                   LET numbers == {k \in 1 .. 2 :
                                    /\ Len(servers[m.dst].log) >= k
                                    /\ current_term = servers[m.dst].log[k].term
                                    /\ 3 < Cardinality({n \in Node :
                                                         \/ m.dst = n
                                                         \/ (IF m.src = n
                                                             THEN m.match_index
                                                             ELSE match_index[n]) >=
                                                              k}) *
                                             2}
                   IN IF numbers = {} THEN 0 ELSE Greatest(numbers))
  IN /\ IF current_term < m.term
        THEN /\ servers' = [servers EXCEPT
                             ![m.dst].role = "FOLLOWER",
                             ![m.dst].votes_granted = {},
                             ![m.dst].next_index = [x \in Node |-> 1],
                             ![m.dst].match_index = [x \in Node |-> 0],
                             ![m.dst].current_term = m.term,
                             ![m.dst].voted_for = None]
             /\ UNCHANGED committed
        ELSE IF m.term < current_term \/ servers[m.dst].role # "LEADER"
        THEN UNCHANGED <<servers, committed>>
        ELSE IF m.success
        THEN /\ servers' = [servers EXCEPT
                             ![m.dst].next_index[m.src] = m.match_index + 1,
                             ![m.dst].match_index[m.src] = m.match_index,
                             ![m.dst].commit_index = index]
             /\ committed' = (IF commit_index < index
                              THEN committed \union {c \in {[log_index |-> k,
                                                             entry |-> servers[m.dst].log[k],
                                                             term |-> current_term] :
                                                             k \in {k \in 1 .. 2 :
                                                                     /\ commit_index < k
                                                                     /\ index >= k
                                                                     /\ Len(servers[m.dst].log) >= k}} :
                                                      ~(\E c2 \in committed :
                                                          /\ c.log_index = c2.log_index
                                                          /\ c.entry = c2.entry)}
                              ELSE committed)
        ELSE /\ servers' = [servers EXCEPT
                             ![m.dst].next_index[m.src] = Max(1, next_index[m.src] - 1)]
             /\ UNCHANGED committed
     /\ network' = network \ {m}
     /\ UNCHANGED <<restarts, elected, requested>>

(* The addressee handles m. *)
Deliver(m) ==
  CASE m.type = "RequestVote" -> DeliverRequestVote(m)
    [] m.type = "RequestVoteReply" -> DeliverRequestVoteReply(m)
    [] m.type = "AppendEntries" -> DeliverAppendEntries(m)
    [] m.type = "AppendEntriesReply" -> DeliverAppendEntriesReply(m)

(* A server crashes, and comes back with what it has persisted.  Source: Fig. 2, State,
   Persistent state. *)
Restart(i) ==
  LET votes_granted == servers[i].votes_granted
  IN /\ IF servers[i].voted_for # None
        THEN \* the crash loses something
             /\ Holds(~(/\ servers[i].role = "FOLLOWER"
                        /\ servers[i].voted_for = servers[i].voted_for
                        /\ servers[i].commit_index = 0
                        /\ {} = votes_granted
                        /\ [x \in Node |-> 1] = servers[i].next_index
                        /\ [x \in Node |-> 0] = servers[i].match_index))
             /\ servers' = [servers EXCEPT
                             ![i].role = "FOLLOWER",
                             ![i].votes_granted = {},
                             ![i].next_index = [x \in Node |-> 1],
                             ![i].match_index = [x \in Node |-> 0],
                             ![i].voted_for = servers[i].voted_for,
                             ![i].commit_index = 0]
        ELSE \* the crash loses something
             /\ Holds(~(/\ servers[i].role = "FOLLOWER"
                        /\ servers[i].voted_for = None
                        /\ servers[i].commit_index = 0
                        /\ {} = votes_granted
                        /\ [x \in Node |-> 1] = servers[i].next_index
                        /\ [x \in Node |-> 0] = servers[i].match_index))
             /\ servers' = [servers EXCEPT
                             ![i].role = "FOLLOWER",
                             ![i].votes_granted = {},
                             ![i].next_index = [x \in Node |-> 1],
                             ![i].match_index = [x \in Node |-> 0],
                             ![i].voted_for = None,
                             ![i].commit_index = 0]
     /\ restarts' = restarts + 1
     /\ UNCHANGED <<network, elected, committed, requested>>

Next ==
  \/ \E i \in Node : Timeout(i)
  \/ \E i \in Node, v \in Value : ClientRequest(i, v)
  \/ \E i, j \in Node : AppendEntries(i, j)
  \/ \E m \in network : Deliver(m)
  \/ \E i \in Node : Restart(i)

Spec == Init /\ [][Next]_vars

----------------------------------------------------------------------------------------------------
\* What holds of states and steps

TypeOK ==
  /\ servers \in [Node -> Server]
  /\ network \subseteq Message
  /\ restarts \in 0 .. MaxRestarts
  /\ elected \in [Node -> SUBSET Term]
  /\ committed \subseteq Commit
  /\ requested \subseteq Value
  /\ \A m \in network : m.type = "AppendEntries" => Len(m.entries) <= 1

(* The bounds of the search.  A step that leads out of them is counted, and not followed. *)
WithinBounds ==
  /\ \A n \in Node :
       /\ servers[n].current_term <= MaxTerm
       /\ \A k \in DOMAIN servers[n].log : servers[n].log[k].term <= MaxTerm
       /\ Len(servers[n].log) <= MaxLog
       /\ servers[n].commit_index <= MaxLog
       /\ \A n3 \in Node : servers[n].next_index[n3] <= MaxLog + 1
       /\ \A n3 \in Node : servers[n].match_index[n3] <= MaxLog
  /\ \A m \in network :
       /\ m.term <= MaxTerm
       /\ m.type = "RequestVote" => m.last_log_index <= MaxLog
       /\ m.type = "RequestVote" => m.last_log_term <= MaxTerm
       /\ m.type = "AppendEntries" => m.prev_log_index <= MaxLog
       /\ m.type = "AppendEntries" => m.prev_log_term <= MaxTerm
       /\ m.type = "AppendEntries" => (\A k \in DOMAIN m.entries : m.entries[k].term <= MaxTerm)
       /\ m.type = "AppendEntries" => m.leader_commit <= MaxLog
       /\ m.type = "AppendEntriesReply" => m.match_index <= MaxLog
  /\ Cardinality(network) <= MaxMessages
  /\ restarts <= MaxRestarts
  /\ \A n \in Node : \A k \in elected[n] : k <= MaxTerm
  /\ \A c \in committed : c.log_index <= MaxLog /\ c.entry.term <= MaxTerm /\ c.term <= MaxTerm

(* Election Safety.  At most one leader is elected in a term, at whatever times.  Source:
   Fig. 3; section 5.2. *)
ElectionSafety == \A i, j \in Node : i = j \/ Cardinality(elected[i] \intersect elected[j]) = 0

(* Log Matching.  Logs with an entry of the same term at an index are equal up to it.
   Source: Fig. 3; section 5.3. *)
LogMatching ==
  \A i, j \in Node :
    \/ i = j
    \/ \A k \in 1 .. 2 :
         \/ Len(servers[i].log) < k
         \/ Len(servers[j].log) < k
         \/ servers[i].log[k].term # servers[j].log[k].term
         \/ SubSeq(servers[i].log, 1, Min(k, Len(servers[i].log))) =
              SubSeq(servers[j].log, 1, Min(k, Len(servers[j].log)))

(* Leader Completeness.  What was committed in an earlier term is in the leader's log.
   Source: Fig. 3; section 5.4.

   The term that counts is the one in which the entry was committed first, not the one it was
   received in. *)
LeaderCompleteness ==
  \A i \in Node :
    servers[i].role = "LEADER" =>
      /\ Assert(\A c \in committed :
                  c.term < servers[i].current_term /\ c.log_index < 1 =>
                    \/ Len(servers[i].log) < c.log_index
                    \/ /\ Len(servers[i].log) + c.log_index >= 1
                       /\ Len(servers[i].log) >= Len(servers[i].log) + c.log_index,
                "raft.py:508: leader_completeness: IndexError: tuple index out of range")
      /\ \A c \in committed :
           \/ c.term >= servers[i].current_term
           \/ /\ Len(servers[i].log) >= c.log_index
              /\ IF c.log_index < 1
                 THEN servers[i].log[Len(servers[i].log) + c.log_index] = c.entry
                 ELSE c.entry = servers[i].log[c.log_index]

(* State Machine Safety.  No two different entries are ever committed, hence applied, at one
   index.  Source: Fig. 3; section 5.4.3. *)
StateMachineSafety ==
  ~(\E c \in committed : \E c2 \in committed : c.log_index = c2.log_index /\ c.entry # c2.entry)

(* Agreement.  Of the logs that two servers have committed, one begins with the other. *)
Agreement ==
  \A i, j \in Node :
    LET index == Min(servers[i].commit_index, servers[j].commit_index)
    IN SubSeq(servers[i].log, 1, Min(index, Len(servers[i].log))) =
         SubSeq(servers[j].log, 1, Min(index, Len(servers[j].log)))

(* Validity.  What is committed is an entry, and one that a client has asked for. *)
Validity ==
  \A i \in Node :
    /\ Len(servers[i].log) >= servers[i].commit_index
    /\ \A c \in committed : c.entry.value \in requested

(* Leader Append-Only.  While it leads, a leader neither changes nor drops an entry of its
   log.  Source: Fig. 3; section 5.3. *)
LeaderAppendOnly ==
  \A i \in Node :
    (/\ servers[i].role = "LEADER"
     /\ servers'[i].role = "LEADER"
     /\ servers[i].current_term = servers'[i].current_term) =>
      servers[i].log = SubSeq(servers'[i].log, 1, Min(Len(servers[i].log), Len(servers'[i].log)))

(* Integrity.  What a server has committed stays in its log, whatever happens to it. *)
Integrity ==
  \A i \in Node :
    SubSeq(servers'[i].log, 1, Min(servers[i].commit_index, Len(servers'[i].log))) =
      SubSeq(servers[i].log, 1, Min(servers[i].commit_index, Len(servers[i].log)))

----------------------------------------------------------------------------------------------------
\* What can be reached

(* a leader is elected *)
ALeaderIsElected == \E i \in Node : servers[i].role = "LEADER"

(* an entry is committed *)
AnEntryIsCommitted == \E i \in Node : 0 < servers[i].commit_index

----------------------------------------------------------------------------------------------------
\* What the configuration asks of TLC

(* TLC judges also the states beyond the bounds that a step leads to, before it leaves them
   aside.  mcheck does not. *)
CheckedTypeOK == WithinBounds => TypeOK
CheckedElectionSafety == WithinBounds => ElectionSafety
CheckedLogMatching == WithinBounds => LogMatching
CheckedLeaderCompleteness == WithinBounds => LeaderCompleteness
CheckedStateMachineSafety == WithinBounds => StateMachineSafety
CheckedAgreement == WithinBounds => Agreement
CheckedValidity == WithinBounds => Validity
EveryLeaderAppendOnly == [][WithinBounds' => LeaderAppendOnly]_vars
EveryIntegrity == [][WithinBounds' => Integrity]_vars
NeverALeaderIsElected == WithinBounds => ~ ALeaderIsElected
NeverAnEntryIsCommitted == WithinBounds => ~ AnEntryIsCommitted
Symmetry == Permutations(Node)
====================================================================================================
