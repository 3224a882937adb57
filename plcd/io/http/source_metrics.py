"""Metrics of what each source sends: of the one that plays, or of every peer of a mix."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

FATES = ("on_time", "late", "lost", "recovered_by_copy", "recovered_by_parity")
"""What became of each packet that ought to have come; they add up to those expected."""
PARTS = ("depth", "resampler", "ring", "device")
MS = 1e-3

Source = Mapping[str, Any]


def source_metrics(snapshot: Mapping[str, Any]) -> Iterator[Metric]:
    """Each with the sender's address as ``source``; of a mix also with the number of the ``peer``."""
    peers: list[Source] | None = snapshot.get("peers")
    sources = peers
    if sources is None:
        facts = snapshot["source"] or {}
        sources = [{**facts, "buffer": snapshot["buffer"], "drift": snapshot["drift"]}]
    known = [source for source in sources if "address" in source]
    if known:
        info = InfoMetricFamily("plcd_source", "Whose packets play.", labels=("source", "peer"))
        for source in known:
            info.add_metric(_labels(source), {name: source[name] for name in ("stream", "format")})
        yield info
    yield _gauge(
        "plcd_packet_samples", "Samples of a packet.", known, lambda source: source["packet_samples"]
    )
    for name, key, text in (
        ("plcd_buffer_depth_seconds", "depth_ms", "What the first packet waits."),
        ("plcd_buffer_level_seconds", "level_ms", "Audio held."),
        ("plcd_latency_seconds", "latency_ms", "From a packet's arrival to the loudspeaker."),
    ):
        yield _gauge(name, text, sources, _seconds(key))
    yield _latency_parts(sources)
    yield _gauge(
        "plcd_clock_drift_ppm",
        "By how much the sender's clock is fast beside the output's, in millionths.",
        sources,
        lambda source: source["drift"]["ppm"],
    )
    yield _gauge(
        "plcd_resampling",
        "Whether the drift is being corrected.",
        sources,
        lambda source: int(source["drift"]["resampling"]),
    )
    if peers is not None:
        yield from _of_a_mix(peers)


def _latency_parts(sources: Sequence[Source]) -> Metric:
    family = GaugeMetricFamily(
        "plcd_latency_part_seconds", "What the latency is made of.", labels=("source", "peer", "part")
    )
    for source in sources:
        for part in PARTS:
            family.add_metric((*_labels(source), part), source["buffer"][f"{part}_ms"] * MS)
    return family


def _of_a_mix(peers: Sequence[Source]) -> Iterator[Metric]:
    """What is counted for each peer apart; the totals over all of them are there anyway."""
    packets = CounterMetricFamily(
        "plcd_peer_packets",
        "Packets expected from this peer, by what became of them.",
        labels=("source", "peer", "fate"),
    )
    frames = CounterMetricFamily(
        "plcd_peer_frames",
        "Frames played of this peer, by the origin of their least faithful sample.",
        labels=("source", "peer", "origin"),
    )
    for peer in peers:
        for fate in FATES:
            packets.add_metric((*_labels(peer), fate), peer["packets"][fate])
        for origin, count in peer["frames"]["by_origin"].items():
            frames.add_metric((*_labels(peer), origin), count)
    yield packets
    yield frames
    yield _gauge(
        "plcd_peer_gain_db", "How loud this peer is in the mix.", peers, lambda peer: peer["gain_db"]
    )


def _seconds(key: str) -> Callable[[Source], float]:
    """Reads these milliseconds of the buffer."""
    return lambda source: source["buffer"][key] * MS


def _gauge(
    name: str, text: str, sources: Sequence[Source], value: Callable[[Source], float | None]
) -> Metric:
    """Without those sources for which there is no value."""
    family = GaugeMetricFamily(name, text, labels=("source", "peer"))
    for source in sources:
        if (found := value(source)) is not None:
            family.add_metric(_labels(source), found)
    return family


def _labels(source: Source) -> tuple[str, str]:
    return str(source.get("address", "")), str(source.get("number", ""))
