"""Labs: what people say about consensus protocols, each claim put to the engines.

A lab is a function without arguments that yields findings.  It asks the shipped models and tweaks, and no result is written
down in it but what is expected.  `LABS` is all of them: name -> ("module:function", the question in one line).
"""

LABS: dict[str, tuple[str, str]] = {
    "five-servers": ("mcheck.labs.crashes:five_servers", "How many failures do five servers tolerate?"),
    "four-servers": ("mcheck.labs.quorums:four_servers", "Why do four servers need three votes?"),
    "odd-sizes": ("mcheck.labs.quorums:odd_sizes", "Why an odd number of servers?"),
    "crash-or-byzantine": ("mcheck.labs.resilience:crash_or_byzantine", "Why 2f + 1 for crashes, and 3f + 1 for lies?"),
    "committed": ("mcheck.labs.commitment:committed", "Is an entry on a majority committed?"),
    "leader-crash": ("mcheck.labs.crashes:leader_crash", "Does a committed entry survive its leader?"),
    "persistence": ("mcheck.labs.persistence:persistence", "What must a server write down before it answers?"),
    "stale-leader": ("mcheck.labs.reads:stale_leader", "May a leader answer reads from what it has?"),
    "delays": ("mcheck.labs.delays:delays", "How many message delays does a decision take?"),
}
