"""Eight writers and eight readers, each a NETCONF session: every read is the state after some commit, no earlier than what
was answered before it began, and no update is lost."""

import random
import threading

from raw import BY, NC, PRIVATE, Raw, Refused, at_once, entry, interface, interfaces, nothing

WRITERS = READERS = 8
COMMITS = 10  # By each writer.
COUNTERS = [f"count{number}" for number in range(4)]


def counters(data):
    entries = data.iterfind(".//a:interface", NC)
    text = lambda entry, name: entry.findtext(f"a:{name}", namespaces=NC)
    return {text(entry, "name"): text(entry, "description") for entry in entries}


def number(value):
    return int(value.split()[0])


FILTER = '<filter><interfaces xmlns="urn:acme:net"/></filter>'


class Ledger:
    """What writers were answered, and since when."""

    def __init__(self):
        self.lock = threading.Lock()
        self.commits = {}
        self.answered = 0
        self.writing = WRITERS

    def add(self, seq, counter, value):
        with self.lock:
            assert seq not in self.commits
            self.commits[seq] = (counter, value)
            self.answered = max(self.answered, seq)

    def write(self, daemon, seed):
        dice = random.Random(seed)
        try:
            with Raw(daemon, PRIVATE) as session:
                done = 0
                while done < COMMITS:
                    session.discard()
                    counter = dice.choice(COUNTERS)
                    # The first look pins the candidate: who commits since is a conflict.
                    now = number(counters(session.read("candidate", FILTER))[counter])
                    # Equal changes of two are no conflict, so no two are equal.
                    value = f"{now + 1} by {seed}.{done}"
                    session.edit(interface(counter, f"<description>{value}</description>"))
                    try:
                        reply = session.commit(f'<report xmlns="{BY}"/>')
                    except Refused as refused:
                        assert refused.app_tag == "conflict", refused
                        continue
                    self.add(int(reply.findtext(f"{{{BY}}}seq")), counter, value)
                    done += 1
        finally:
            with self.lock:
                self.writing -= 1

    def read(self, daemon, seen):
        with Raw(daemon) as session:
            while True:
                last = self.writing == 0
                since = self.answered
                seen.append((since, counters(session.read("running", FILTER))))
                if last:
                    return


def test_reads_are_states_of_one_history_and_no_update_is_lost(daemon):
    with Raw(daemon) as session:
        session.discard()
        session.edit(nothing())
        session.edit(interfaces(*(entry(name, "<description>0 by nobody</description>") for name in COUNTERS)))
        first = int(session.commit(f'<report xmlns="{BY}"/>').findtext(f"{{{BY}}}seq"))
    ledger = Ledger()
    ledger.answered = first
    seen = [[] for _ in range(READERS)]
    at_once([lambda seed=seed: ledger.write(daemon, seed) for seed in range(WRITERS)]
            + [lambda reads=reads: ledger.read(daemon, reads) for reads in seen])

    assert len(ledger.commits) == WRITERS * COMMITS
    state = dict.fromkeys(COUNTERS, "0 by nobody")
    states = {first: dict(state)}
    for seq in sorted(ledger.commits):
        counter, value = ledger.commits[seq]
        # Each saw the one before it.
        assert number(value) == number(state[counter]) + 1, f"commit {seq} lost an update of {counter}"
        state[counter] = value
        states[seq] = dict(state)
    assert sum(map(number, state.values())) == WRITERS * COMMITS
    # All states differ, so each read tells which commit it has seen.
    seq_of = {tuple(sorted(state.items())): seq for seq, state in states.items()}
    assert len(seq_of) == len(states)
    for reads in seen:
        before = first
        assert reads
        for since, found in reads:
            key = tuple(sorted(found.items()))
            assert key in seq_of, f"{found} never was"
            assert seq_of[key] >= max(since, before), "a read went back behind what was answered or read before"
            before = seq_of[key]
        assert before == max(states)
    with Raw(daemon) as session:
        session.discard()
        session.edit(nothing())
        session.commit()
