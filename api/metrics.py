"""What Prometheus reads: requests, how long they took, and what waits."""

from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from api.shadow import Shadow
from triage.ledger.counts import Counts

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The metrics of one service; counts of orders and deliveries are asked of the ledger when they are read."""

    MEDIA_TYPE = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "paidan_requests_total", "Requests answered", ("method", "route", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "paidan_request_seconds", "Time to answer", ("route",), buckets=_SECONDS, registry=self.registry
        )
        self._orders = Gauge("paidan_orders", "Orders by status", ("status",), registry=self.registry)
        self._deliveries = Gauge(
            "paidan_deliveries", "Deliveries of webhooks that wait or are dead", ("state",), registry=self.registry
        )
        self._degraded = Gauge(
            "paidan_degraded", "1 while a stand-in routes, 2 while nothing does", registry=self.registry
        )
        self._events = Gauge("paidan_ledger_events", "Number of the last event", registry=self.registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def watch(self, shadow: Shadow) -> None:
        """Also tell what a shadow does."""
        self.registry.register(_Compared(shadow))

    def read(self, *, state: str, counts: Counts | None) -> bytes:
        """Return everything in Prometheus' text format; `counts` are None where the ledger does not answer."""
        self._degraded.set({"ready": 0, "degraded": 1}.get(state, 2))
        if counts:
            self._events.set(counts.events)
            for gauge, found in ((self._orders, counts.orders), (self._deliveries, counts.deliveries)):
                gauge.clear()
                for name, count in found.items():
                    gauge.labels(name).set(count)
        return generate_latest(self.registry)


class _Compared(Collector):
    def __init__(self, shadow: Shadow) -> None:
        self._shadow = shadow

    def collect(self) -> Iterator[CounterMetricFamily]:
        totals = self._shadow.totals
        for name, of_what, count in (
            ("compared", "Answers compared with the shadow's", totals.compared),
            ("skipped", "Answers for which the shadow had no time", totals.skipped),
            ("failed", "Appeals that the shadow could not route", totals.failed),
        ):
            yield CounterMetricFamily(f"paidan_shadow_{name}", of_what, value=count)
        agreed = CounterMetricFamily("paidan_shadow_agreed", "Answers in which the shadow agreed", labels=["on"])
        agreed.add_metric(["unit"], totals.same_unit)
        agreed.add_metric(["action"], totals.same_action)
        yield agreed
