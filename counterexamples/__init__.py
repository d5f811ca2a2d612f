"""What to do with a behaviour: explain it, write it as text, keep it as a file."""

from mcheck.counterexamples.causality import Event, Message, causal_past, ends_of_violation, events
from mcheck.counterexamples.facts import Fact, facts
from mcheck.counterexamples.lanes_text import LanesText
from mcheck.counterexamples.notation import Notation
from mcheck.counterexamples.store import Recorded, TraceFileError, load, reexecute, save

__all__ = [
    "Event", "Fact", "LanesText", "Message", "Notation", "Recorded", "TraceFileError", "causal_past", "ends_of_violation",
    "events", "facts", "load", "reexecute", "save",
]  # fmt: skip
