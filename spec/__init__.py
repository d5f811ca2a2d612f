"""The language: what a specification is made of.  Imports the standard library only."""

from mcheck.spec.annotations import GHOST, AtMost, In, OneOf, Range, Rank, Where
from mcheck.spec.bags import Bag
from mcheck.spec.behavior import Behavior, ReplayMismatch, Step, replay, rerun
from mcheck.spec.byzantine import Byzantine, Injection, relied_on
from mcheck.spec.channels import Channels
from mcheck.spec.composition import composed, extended
from mcheck.spec.decision import Participant, participant
from mcheck.spec.declare import (
    action,
    always,
    always_eventually,
    bound,
    constant,
    constraint,
    decision,
    eventually,
    eventually_always,
    implements,
    leads_to,
    lemma,
    reachable,
    require,
    step,
)
from mcheck.spec.errors import Cut, Disabled, DomainError, InternalError, McheckError, SpecError, UsageError
from mcheck.spec.fairness import Fairness, strong, weak
from mcheck.spec.indexes import Index
from mcheck.spec.instance import Failure, Instance, Outcome, Rule
from mcheck.spec.labels import label_text, parse_label
from mcheck.spec.lasso import Lasso
from mcheck.spec.maps import Map
from mcheck.spec.order import order_key, text
from mcheck.spec.outcomes import Broken, ExpectedOutcome, ExpectedOutcomes, Safe, outcomes_of
from mcheck.spec.quantifiers import all, any, count, len, max, min, where
from mcheck.spec.records import Record
from mcheck.spec.sets import Set
from mcheck.spec.specification import Spec

__all__ = [
    "GHOST", "AtMost", "Bag", "Behavior", "Broken", "Byzantine", "Channels", "Cut", "Disabled", "DomainError",
    "ExpectedOutcome", "ExpectedOutcomes", "Failure", "Fairness", "In", "Index", "Injection", "Instance", "InternalError", "Lasso",
    "Map", "McheckError", "OneOf", "Outcome", "Participant", "Range", "Rank", "Record", "ReplayMismatch", "Rule", "Safe", "Set", "Spec",
    "SpecError", "Step", "UsageError", "Where", "action", "all", "always", "always_eventually", "any", "bound",
    "composed", "constant", "constraint", "count", "decision", "eventually", "eventually_always", "extended", "implements",
    "label_text", "leads_to", "lemma", "len", "max", "min", "order_key", "outcomes_of", "parse_label", "participant", "reachable",
    "relied_on", "replay", "require", "rerun", "step", "strong", "text", "weak", "where",
]  # fmt: skip
