"""A run of an implementation as a behaviour of a specification, so that it is drawn, and judged, as any other.

The specification is made for the run: its steps are the operations, and what a node is afterwards is looked up in what was
observed.  So nothing is said of what the implementation might have done otherwise.  Its properties are those of the monitors,
written anew in the language of specifications: a finding of theirs is believed if these say the same.

Roles other than leader and candidate are shown as follower.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, ClassVar

from mcheck.conformance.adapter import Observation, Operation, Sent
from mcheck.conformance.cluster import Run
from mcheck.spec import (
    GHOST,
    AtMost,
    Behavior,
    In,
    Index,
    Map,
    Range,
    Record,
    Rule,
    Set,
    Spec,
    action,
    all,
    always,
    bound,
    constant,
    len,
    min,
    replay,
    require,
    step,
)
from mcheck.spec.indexes import ordinal_of
from mcheck.spec.records import RecordType

NOTHING = ("no-op", "")
"""Commands that are no client's: the entry with which a leader begins its term."""


class Node(Index, size="nodes"):
    """A node of the implementation."""


class Value(Index, size="values"):
    """A command, numbered in the order in which they are first seen in a log."""


Term = Annotated[int, Range(0, "max_term")]
LogIndex = Annotated[int, Range(0, "max_log")]
Number = Annotated[int, Range(0, "messages")]


class Role(Enum):
    FOLLOWER = 0
    CANDIDATE = 1
    LEADER = 2


class Entry(Record):
    term: Term
    value: Value | None  # None: no client's command


Log = Annotated[tuple[Entry, ...], AtMost("max_log")]
Commands = Annotated[tuple[Value, ...], AtMost("max_log")]


class Server(Record):
    """What a node shows of itself."""

    role: Role = Role.FOLLOWER
    current_term: Term = 0
    voted_for: Node | None = None
    log: Log = ()
    commit_index: LogIndex = 0
    applied: Commands = ()


class Commit(Record):
    """The entry at `log_index` was seen to be committed, in `term` first."""

    log_index: LogIndex
    entry: Entry
    term: Term


class Vote(Record):
    voter: Node
    term: Term
    candidate: Node


class RecordedState(Record):
    """What every node shows, and the messages in flight; a specification of its own adds the network."""

    servers: Map[Node, Server]
    done: Annotated[Annotated[int, Range(0, "operations")], GHOST] = 0
    elected: Annotated[Map[Node, Set[Term]], GHOST]
    committed: Annotated[Annotated[Set[Commit], AtMost("max_commits")], GHOST] = Set()
    votes: Annotated[Annotated[Set[Vote], AtMost("max_commits")], GHOST] = Set()


def _leads(server: Server, term: int) -> bool:
    return server.role == Role.LEADER and server.current_term == term


def _fresh(committed: Set[Commit], server: Server) -> Set[Commit]:
    """What a server has committed, unless it is committed already in this term or an earlier one."""
    made = [
        Commit(log_index=index, entry=server.log[index - 1], term=server.current_term)
        for index in range(1, server.commit_index + 1)
    ]
    known = {(c.log_index, c.entry): c.term for c in sorted(committed, key=lambda c: -c.term)}
    return Set.of(*(c for c in made if known.get((c.log_index, c.entry), c.term + 1) > c.term))


def _cast(i: Node, server: Server) -> Set[Vote]:
    if server.voted_for is None:
        return Set()
    return Set.of(Vote(voter=i, term=server.current_term, candidate=server.voted_for))


class Recorded(Spec[RecordedState]):
    """A specification whose only behaviour is what was observed; that of a run adds the network, and what was observed."""

    after: ClassVar[tuple[tuple[int, Server, tuple[Any, ...]], ...]] = ()
    """For each operation its node, what that node is afterwards, and what it has sent."""

    nodes: int = constant(3, "nodes of the implementation", least=1)
    values: int = constant(1, "commands", least=1)
    operations: int = constant(1, "operations of the run", least=1)
    messages: int = constant(1, "highest number of a message", least=1)
    max_term: int = bound(1, "highest term observed")
    max_log: int = bound(1, "longest log observed")
    max_commits: int = bound(1, "entries ever committed, and votes ever cast")

    def went_on(self, s: Any, node: Any, network: Any) -> Any:
        """The next operation was done: its node is what was observed, and what it sent is in flight."""
        require(s.done < self.operations, "the run goes on")
        number, server, sent = self.after[s.done]
        i = Node.member(number)
        require(i == node, "the operation is at this node")
        won = server.role == Role.LEADER and not _leads(s.servers[i], server.current_term)
        return s.replace(
            servers=s.servers.set(i, server),
            network=network | Set.of(*sent),
            done=s.done + 1,
            elected=s.elected.set(i, s.elected[i].add(server.current_term)) if won else s.elected,
            committed=s.committed | _fresh(s.committed, server),
            votes=s.votes | _cast(i, server),
        )

    @action
    def tick(self, s: Any, i: Node) -> Any:
        """A little time passes at i."""
        return self.went_on(s, i, s.network)

    @action
    def timeout(self, s: Any, i: Node) -> Any:
        """The election timer of i runs out."""
        return self.went_on(s, i, s.network)

    @action
    def propose(self, s: Any, i: Node) -> Any:
        """A client asks i."""
        return self.went_on(s, i, s.network)

    @action
    def restart(self, s: Any, i: Node) -> Any:
        """Node i crashes, and comes back with what it has persisted."""
        return self.went_on(s, i, s.network)

    @always("Election Safety")
    def election_safety(self, s: Any, i: Node, j: Node) -> bool:
        """At most one leader is elected in a term, at whatever times.  Source: Fig. 3; section 5.2."""
        return i == j or not s.elected[i] & s.elected[j]

    @always("Vote Once")
    def vote_once(self, s: Any) -> bool:
        """A node votes for one candidate in a term.  Source: section 5.2."""
        return all(
            all((v.voter, v.term) != (w.voter, w.term) or v.candidate == w.candidate for v in s.votes) for w in s.votes
        )

    @step("Leader Append-Only")
    def leader_append_only(self, before: Any, after: Any, i: Node) -> bool:
        """While it leads, a leader neither changes nor drops an entry of its log.  Source: Fig. 3; section 5.3."""
        old, new = before.servers[i], after.servers[i]
        return not (old.role == Role.LEADER and _leads(new, old.current_term)) or new.log[: len(old.log)] == old.log

    @always("Log Matching")
    def log_matching(self, s: Any, i: Node, j: Node) -> bool:
        """Logs with an entry of the same term at an index are equal up to it.  Source: Fig. 3; section 5.3."""
        a, b = s.servers[i].log, s.servers[j].log
        return all(a[k].term != b[k].term or a[: k + 1] == b[: k + 1] for k in range(min(len(a), len(b))))

    @always("Leader Completeness")
    def leader_completeness(self, s: Any, i: Node) -> bool:
        """What was committed in an earlier term is in the leader's log.  Source: Fig. 3; section 5.4."""
        me = s.servers[i]
        return me.role != Role.LEADER or all(
            c.term >= me.current_term or (c.log_index <= len(me.log) and me.log[c.log_index - 1] == c.entry)
            for c in s.committed
        )

    @always("State Machine Safety")
    def state_machine_safety(self, s: Any, i: Node, j: Node) -> bool:
        """No two different entries are ever committed or applied in one place.  Source: Fig. 3; section 5.4.3."""
        a, b = s.servers[i].applied, s.servers[j].applied
        common = min(len(a), len(b))
        return a[:common] == b[:common] and all(
            all(c.log_index != d.log_index or c.entry == d.entry for d in s.committed) for c in s.committed
        )


@dataclass(frozen=True)
class Drawn:
    """A run as a behaviour, and the rule that it violates, with the arguments that falsify it; None where it violates none."""

    behavior: Behavior
    rule: Rule | None
    arguments: tuple[Any, ...] | None


def drawn(run: Run) -> Drawn:
    """The run as a behaviour.  ReplayMismatch where the observations are none of any run: a message that nobody sent."""
    writer = _Writer(run)
    instance = writer.specification()(**writer.constants()).instance
    with instance.active():
        initial = instance.initial[0]
    behavior = replay(instance, initial, writer.labels())
    title = run.finding.title if run.finding is not None else None
    rule = next((r for r in instance.properties if r.title == title), None)
    arguments = None
    if rule is not None and behavior.steps:
        states = behavior.states[-2:] if rule.kind == "step" else behavior.states[-1:]
        with instance.active():
            arguments = instance.falsifying(rule, *states)
    return Drawn(behavior, rule, arguments)


class _Writer:
    """Translates a run into the words of the specification."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.values: dict[str, int] = {}
        for seen in self.observations():
            for command in (*(c for _, c in seen.log), *seen.applied):
                if command not in NOTHING:
                    self.values.setdefault(command, len(self.values))
        self.kinds: dict[str, RecordType] = {}
        for taken in run.taken:
            for sent in taken.sent:
                self.kinds.setdefault(sent.kind, _message_class(sent.kind))

    def observations(self) -> list[Observation]:
        """Everything that was observed, in its order."""
        return [*self.run.initial, *(t.seen for t in self.run.taken)]

    def constants(self) -> dict[str, int]:
        """Constants that fit the run."""
        seen, sent = self.observations(), [s.id for t in self.run.taken for s in t.sent]
        entries = max([1, *(len(o.log) for o in seen), *(len(o.applied) for o in seen), *(o.commit for o in seen)])
        return {
            "nodes": self.run.setting.nodes,
            "values": max(1, len(self.values)),
            "operations": max(1, len(self.run.taken)),
            "messages": max([1, *sent]),
            "max_term": max([1, *(o.term for o in seen)]),
            "max_log": entries,
            "max_commits": max(1, len(self.run.taken) * entries),
        }

    def server(self, seen: Observation) -> Server:
        """What a node shows, in the words of the specification."""
        log = tuple(Entry(term=term, value=self.value(command)) for term, command in seen.log)
        return Server(
            role=Role.__members__.get(seen.role.upper(), Role.FOLLOWER),
            current_term=seen.term,
            voted_for=None if seen.vote is None else Node.member(seen.vote),
            log=log,
            commit_index=min(seen.commit, len(log)),
            applied=tuple(v for v in map(self.value, seen.applied) if v is not None),
        )

    def value(self, command: str) -> Value | None:
        """The command as a value."""
        return None if command in NOTHING else Value.member(self.values[command])

    def message(self, sent: Sent) -> Any:
        """A message in flight."""
        made: Any = self.kinds[sent.kind]
        return made(src=Node.member(sent.src), dst=Node.member(sent.dst), number=sent.id)

    def labels(self) -> list[str]:
        """The operations as labels."""
        return [self.label(t.operation, t.message) for t in self.run.taken]

    def label(self, operation: Operation, message: Sent | None) -> str:
        """One of them."""
        if message is not None:
            kind = self.kinds[message.kind].__name__
            return f"{operation.kind}(m={kind}(src={message.src}, dst={message.dst}, number={message.id}))"
        return f"{operation.kind}(i={operation.node})"

    def specification(self) -> type[Spec[Any]]:
        """The specification of this run."""
        made = tuple(self.kinds.values()) or (_message_class("message"),)
        message: Any = made[0]
        for kind in made[1:]:
            message = message | kind
        after = tuple((t.node, self.server(t.seen), tuple(map(self.message, t.sent))) for t in self.run.taken)
        state = RecordType(
            "State",
            (RecordedState,),
            {
                "__annotations__": {"network": Annotated[Set[message], AtMost("messages")]},
                "__module__": __name__,
                "network": Set(),
            },
        )
        return _specification(state, message, tuple(map(self.server, self.run.initial)), after)


def _message_class(kind: str) -> RecordType:
    """A record class for the messages of one kind: src, dst and the number that mcheck knows them by."""
    name = "".join(c if c.isalnum() else "_" for c in kind) or "message"
    annotations = {"src": Node, "dst": Node, "number": Number}
    return RecordType(
        name if name[0].isalpha() else f"m{name}", (Record,), {"__annotations__": annotations, "__module__": __name__}
    )


def _specification(
    state: Any, message: Any, first: tuple[Server, ...], observed: tuple[tuple[int, Server, tuple[Any, ...]], ...]
) -> type[Spec[Any]]:
    """The specification of one run, whose states are `state` and whose messages are `message`."""

    def of_message(function: Any) -> Any:
        """The action, whose parameter m ranges over the messages in flight."""
        function.__annotations__ = {"m": Annotated[message, In("network")]}
        return action(function)

    class Run(Recorded):
        """A recorded run."""

        after = observed

        def init(self) -> Any:
            servers = Map.of(Node, lambda i: first[ordinal_of(i)])
            return state(servers=servers, elected=Map.fill(Node, Set()))

        @of_message
        def deliver(self, s: Any, m: Any) -> Any:
            """The addressee handles m."""
            return self.went_on(s, m.dst, s.network.remove(m))

        @of_message
        def duplicate(self, s: Any, m: Any) -> Any:
            """The addressee handles m, which stays in flight."""
            return self.went_on(s, m.dst, s.network)

        @of_message
        def drop(self, s: Any, m: Any) -> Any:
            """The network loses m."""
            return self.went_on(s, m.dst, s.network.remove(m))

    Run.init.__annotations__ = {"return": state}
    return Run
