"""``/metrics``: counts of the engine, the outbox, the sources and this server, for Prometheus."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import accumulate
from typing import Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from trailbell import __version__
from trailbell.clock import now_us
from trailbell.store.reading import Readers
from trailbell.tally import RuleTally, Tally
from trailbell.watch.standing import TROUBLES
from trailbell_engine.timestamps import SECOND_US

from .answers import resource
from .exposition import CONTENT_TYPE, Family, Sample, exposition
from .lag import failing, source_lags, source_troubles, waiting
from .observed import BUCKETS_S, Observed
from .parts import Parts


def metric_routes(parts: Parts) -> list[BaseRoute]:
    """The route."""
    return [resource("/metrics", GET=partial(_metrics, parts))]


async def _metrics(parts: Parts, _request: Request) -> Response:
    families = await run_in_threadpool(metrics, parts, now_us())
    return Response(exposition(families), media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})


def metrics(parts: Parts, at_us: int) -> list[Family]:
    """Everything that is counted."""
    return [
        Family("trailbell_build_info", "gauge", "The program.", [Sample(1, {"version": __version__})]),
        Family("trailbell_start_time_seconds", "gauge", "When it was started.", [Sample(parts.started_us / SECOND_US)]),
        *(_engine(parts.tally()) if parts.tally is not None else []),
        *_matching(parts.matching()),
        *_store(parts, at_us),
        *_observed(parts.observed),
        *_refused(parts.observed),
        *_ingest(parts),
        Family("trailbell_rules", "gauge", "Rules that run.", [Sample(len(parts.rules()))]),
    ]


def _engine(tally: Tally) -> list[Family]:
    events = {
        "read": tally.read,
        "duplicate": tally.duplicate,
        "late": tally.late,
        "malformed": tally.malformed,
        "untimed": tally.untimed,
    }
    rules = dict(tally.rules)  # copied at once: the engine goes on meanwhile

    def per_rule(name: str, help_: str, count: str) -> Family:
        samples = [Sample(_count(rule, count), {"rule": rule_id}) for rule_id, rule in sorted(rules.items())]
        return Family(f"trailbell_rule_{name}_total", "counter", help_, samples)

    return [
        *(
            Family(f"trailbell_events_{name}_total", "counter", f"Events: {name}.", [Sample(count)])
            for name, count in events.items()
        ),
        per_rule("matched", "Events on which a rule's match held.", "matched"),
        per_rule("alerts", "Alerts that a rule opened.", "alerts"),
        per_rule("suppressed", "Firings of a rule that told nobody.", "suppressed"),
        per_rule("late", "Matches of a rule that came after their window.", "too_late"),
        per_rule("overflow", "Entries that a key of a rule gave up because it held too many.", "overflow"),
        per_rule("untracked", "Matches of new keys that a rule with too many did not evaluate.", "untracked"),
        per_rule("errors", "Events on which a rule could not be evaluated.", "errors"),
    ]


_MATCHING = (
    ("used_bytes", "memory_bytes", "What the matcher remembers of values it has seen, by estimate."),
    ("limit_bytes", "memory_limit_bytes", "How much it may remember before it starts afresh."),
    ("misses", "misses_total", "Values that were looked up because they were not remembered."),
    ("clears", "clears_total", "How often all that was remembered was forgotten for want of room."),
)


def _matching(counters: Mapping[str, int]) -> list[Family]:
    """Counts of the rules that run now: where rules are exchanged, they begin anew."""
    return [
        Family(f"trailbell_matching_{name}", _kind(name), help_, [Sample(counters[counter])])
        for counter, name, help_ in _MATCHING
        if counter in counters
    ]


def _kind(name: str) -> Literal["counter", "gauge"]:
    return "counter" if name.endswith("_total") else "gauge"


def _count(rule: RuleTally, name: str) -> int:
    value = getattr(rule, name)
    return int(value) if isinstance(value, int) else sum(dict(value).values())


def _store(parts: Parts, at_us: int) -> list[Family]:
    readers = parts.keeper.readers
    lags = [Sample(lag.lag_s, {"source": lag.name}) for lag in source_lags(readers, at_us) if lag.lag_s is not None]
    queues = waiting(readers, at_us)
    still_open = [queue for queue in queues if queue.state not in ("sent", "dead", "folded")]
    oldest: dict[str, float] = {}
    for queue in still_open:
        oldest[queue.receiver] = max(queue.oldest_s, oldest.get(queue.receiver, 0.0))
    return [
        Family("trailbell_source_lag_seconds", "gauge", "The clock less the source's watermark.", lags),
        *_watched(readers, at_us),
        Family(
            "trailbell_deliveries",
            "gauge",
            "Deliveries in the store, by receiver and state.",
            [Sample(queue.deliveries, {"receiver": queue.receiver, "state": queue.state}) for queue in queues],
        ),
        Family(
            "trailbell_outbox_oldest_seconds",
            "gauge",
            "The age of the oldest delivery that is not done, by receiver.",
            [Sample(age_s, {"receiver": receiver}) for receiver, age_s in sorted(oldest.items())],
        ),
        Family(
            "trailbell_receiver_failing",
            "gauge",
            "1 while a receiver fails, 2 while it is only probed.",
            [Sample(state, {"receiver": receiver}) for receiver, state in failing(readers).items()],
        ),
        Family(
            "trailbell_index_behind", "gauge", "Recorded inputs not in the search index.", [Sample(parts.keeper.behind)]
        ),
    ]


def _watched(readers: Readers, at_us: int) -> list[Family]:
    found = source_troubles(readers, at_us)
    silent = [Sample(one.silent_s, {"source": one.name}) for one in found if one.silent_s is not None]
    troubles = [
        Sample(int(trouble in one.troubles), {"source": one.name, "trouble": trouble})
        for one in found
        for trouble in TROUBLES
    ]
    return [
        Family("trailbell_source_silent_seconds", "gauge", "Since the source last gave something new.", silent),
        Family("trailbell_source_trouble", "gauge", "1 while the source fails, lags or is quiet.", troubles),
    ]


def _observed(observed: Observed) -> list[Family]:
    attempts = [
        Sample(count, {"receiver": receiver, "outcome": outcome})
        for (receiver, outcome), count in sorted(dict(observed.attempts).items())
    ]
    counts = list(accumulate(observed.commits))
    buckets = [*map(str, BUCKETS_S), "+Inf"]
    commits = [Sample(count, {"le": bucket}, "_bucket") for bucket, count in zip(buckets, counts, strict=True)]
    return [
        Family("trailbell_delivery_attempts_total", "counter", "Attempts to deliver, by outcome.", attempts),
        Family(
            "trailbell_commit_seconds",
            "histogram",
            "How long transactions took to become durable.",
            [*commits, Sample(observed.commit_s, suffix="_sum"), Sample(counts[-1], suffix="_count")],
        ),
    ]


def _refused(observed: Observed) -> list[Family]:
    refusals = [
        Sample(count, {"route": route, "status": str(status)})
        for (route, status), count in sorted(dict(observed.refusals).items())
    ]
    cut = [Sample(count, {"reason": reason}) for reason, count in sorted(dict(observed.cut).items())]
    return [
        Family(
            "trailbell_http_refused_total",
            "counter",
            "Requests that were not answered as they wished, by route and HTTP status.",
            refusals,
        ),
        Family(
            "trailbell_http_connections_cut_total",
            "counter",
            "Connections ended without an answer: too many of one address, or too slow.",
            cut,
        ),
    ]


def _ingest(parts: Parts) -> list[Family]:
    depths = [Sample(inbox.depth, {"source": name}) for name, inbox in sorted(parts.inboxes.items())]
    waiting = [Sample(count, {"source": name}) for name, count in sorted(parts.waiting().items())]
    lost = [
        Sample(count, {"source": name, "reason": reason})
        for name, counts in sorted(parts.lost().items())
        for reason, count in sorted(counts.items())
    ]
    return [
        Family("trailbell_inbox_events", "gauge", "Sent events that are not durable yet.", depths),
        Family(
            "trailbell_source_waiting_messages",
            "gauge",
            "Messages that a broker holds for the source and has not delivered, as of some seconds ago.",
            waiting,
        ),
        Family(
            "trailbell_source_lost_total",
            "counter",
            "Datagrams and connections that were not heard: refused, or dropped by the system.",
            lost,
        ),
    ]
