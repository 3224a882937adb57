"""A snapshot as metrics for Prometheus: names, units and labels as its conventions have them; docs/operations.md lists them.

Counters are those of the snapshot, so every scrape is consistent in itself, and they start anew with the daemon.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
    StateSetMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from plcd.io.http.source_metrics import FATES, MS, source_metrics

STATES = ("waiting", "buffering", "playing", "idle")
DISCARDED = ("foreign", "stray", "kernel_dropped", "queue_dropped")

Values = Iterable[tuple[str, float]]


class Own(NamedTuple):
    """What the HTTP port says of itself."""

    listeners: int
    watchers: int
    refused: int
    """Requests with a foreign Host or Origin."""


class Metrics:
    """The metrics of one daemon, made anew from its newest snapshot on each scrape."""

    def __init__(self, snapshot: Callable[[], Mapping[str, Any]], own: Callable[[], Own]) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Snapshots(snapshot, own))
        ProcessCollector(registry=self._registry)  # process_cpu_seconds_total and its like, on Linux

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """Text and its Content-Type, in the format that ``accept`` (the header) prefers."""
        encode, kind = choose_encoder(accept)
        return encode(self._registry), kind


class _Snapshots(Collector):
    def __init__(self, snapshot: Callable[[], Mapping[str, Any]], own: Callable[[], Own]) -> None:
        self._snapshot = snapshot
        self._own = own

    def collect(self) -> Iterator[Metric]:
        snapshot = self._snapshot()
        yield InfoMetricFamily("plcd_build", "Version of plcd.", {"version": snapshot["version"]})
        yield StateSetMetricFamily(
            "plcd_state", "What the daemon does.", {state: state == snapshot["state"] for state in STATES}
        )
        yield from _packets(snapshot["packets"])
        yield from _playing(snapshot)
        yield from source_metrics(snapshot)
        yield from _ahead(snapshot["ahead"])
        yield from _network(snapshot["network"])
        yield from _others(snapshot)
        own = self._own()
        yield GaugeMetricFamily("plcd_http_listeners", "Browsers that listen in.", own.listeners)
        yield GaugeMetricFamily("plcd_http_watchers", "Pages that are open.", own.watchers)
        yield CounterMetricFamily(
            "plcd_http_refused", "HTTP requests with a foreign Host or Origin.", own.refused
        )


def _packets(packets: Mapping[str, Any]) -> Iterator[Metric]:
    yield _counters(
        "plcd_packets",
        "Packets that were expected, by what became of them.",
        "fate",
        ((fate, packets[fate]) for fate in FATES),
    )
    for name, text in (
        ("duplicate", "Packets that came again."),
        ("reordered", "Packets that came after a later one."),
        ("parity", "Packets of parity."),
    ):
        yield CounterMetricFamily(f"plcd_packets_{name}", text, packets[name])
    yield CounterMetricFamily(
        "plcd_samples_zeroed", "Received samples that were no number and were silenced.", packets["zeroed"]
    )
    yield _counters(
        "plcd_datagrams_discarded",
        "Datagrams that were not used, by reason.",
        "reason",
        ((name, packets[name]) for name in DISCARDED),
    )
    for kind, text in (
        ("malformed", "Datagrams that cannot be read, by reason."),
        ("refused", "Datagrams that were read and refused, by reason."),
    ):
        yield _counters(f"plcd_datagrams_{kind}", text, "reason", packets[kind].items())


def _playing(snapshot: Mapping[str, Any]) -> Iterator[Metric]:
    yield _counters(
        "plcd_frames",
        "Frames played, by the origin of their least faithful sample.",
        "origin",
        snapshot["frames"]["by_origin"].items(),
    )
    events = snapshot["events"]
    yield _counters(
        "plcd_events",
        "What happened, by kind; docs/control.md says what each is.",
        "event",
        ((name, count) for name, count in events.items() if not isinstance(count, bool)),
    )
    yield GaugeMetricFamily(
        "plcd_device_lost", "Whether the sound device is gone.", int(events["device_lost"])
    )
    for name, text in (("conceal", "making a frame with a hole"), ("frame", "making a frame")):
        yield from _summary(f"plcd_{name}", f"Time spent {text}", snapshot["timing_ms"][name])


def _summary(name: str, text: str, timing: Mapping[str, float]) -> Iterator[Metric]:
    summary = Metric(f"{name}_seconds", f"{text}; the quantiles are those of the newest 4096.", "summary")
    for quantile, key in (("0.5", "p50"), ("0.99", "p99")):
        summary.add_sample(summary.name, {"quantile": quantile}, timing[key] * MS)
    summary.add_sample(f"{summary.name}_sum", {}, timing["sum"] * MS)
    summary.add_sample(f"{summary.name}_count", {}, timing["count"])
    yield summary
    yield GaugeMetricFamily(f"{name}_longest_seconds", f"{text}: the longest.", timing["max"] * MS)


def _ahead(ahead: Mapping[str, Any]) -> Iterator[Metric]:
    yield CounterMetricFamily("plcd_fits", "Fits made between frames for losses in sight.", ahead["fits"])
    yield CounterMetricFamily("plcd_fits_seconds", "Processor time they took.", ahead["ms"] * MS)
    yield _counters(
        "plcd_holes",
        "Holes, by whether their fits had been made ahead.",
        "fits",
        ((name, ahead[name]) for name in ("ready", "missing")),
    )


def _network(network: Mapping[str, Any] | None) -> Iterator[Metric]:
    if network is None:
        return
    yield GaugeMetricFamily(
        "plcd_network_refused",
        "Whether the network cannot be used on this stream.",
        int(bool(network["refused"])),
    )
    unspoken = network["shown"] - network["spoken"]
    yield _counters(
        "plcd_network_blocks",
        "Blocks of holes, by whether the network's result was played.",
        "result",
        (("spoken", network["spoken"]), ("missed", unspoken), ("withheld", network["withheld"])),
    )


def _others(snapshot: Mapping[str, Any]) -> Iterator[Metric]:
    reply, recording, capture = snapshot["reply"], snapshot["recording"], snapshot["capture"]
    if reply is not None:
        yield CounterMetricFamily("plcd_reply_packets", "Packets sent back.", reply["packets"])
        yield CounterMetricFamily("plcd_reply_unsent", "Those the system did not take.", reply["unsent"])
        yield CounterMetricFamily(
            "plcd_reply_withheld", "Those that would have been more than came.", reply["withheld"]
        )
        if reply["input"] is not None:
            yield CounterMetricFamily(
                "plcd_input_underruns",
                "Blocks of silence sent for want of the device, and stretches of it not fetched in time.",
                reply["input"]["underruns"],
            )
            yield GaugeMetricFamily(
                "plcd_input_lost", "Whether the input's device is gone.", int(reply["input"]["lost"])
            )
    if recording is not None:
        yield GaugeMetricFamily("plcd_recording_samples", "Samples in the recording.", recording["samples"])
        yield GaugeMetricFamily(
            "plcd_recording_failed", "Whether the recording has stopped.", int(recording["error"] is not None)
        )
    if capture is not None:
        yield CounterMetricFamily("plcd_capture_datagrams", "Datagrams written down.", capture["datagrams"])
        yield CounterMetricFamily("plcd_capture_dropped", "Those there was no time for.", capture["dropped"])
        yield GaugeMetricFamily(
            "plcd_capture_failed", "Whether writing has stopped.", int(capture["error"] is not None)
        )


def _counters(name: str, text: str, label: str, values: Values) -> Metric:
    family = CounterMetricFamily(name, text, labels=(label,))
    for value, count in values:
        family.add_metric((value,), count)
    return family
