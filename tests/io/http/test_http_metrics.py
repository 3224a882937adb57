"""The exposition: read back by Prometheus' own parser, and held to its conventions."""

import copy
import re
from typing import Any

import pytest
from http_daemon import make_thread
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from plcd.io.http.metrics import Metrics, Own

UNITS = ("_seconds", "_bytes", "_samples", "_ppm")


def busy() -> dict[str, Any]:
    """A snapshot in which all that can be there is there."""
    snapshot: dict[str, Any] = copy.deepcopy(make_thread().snapshot)
    snapshot["state"] = "playing"
    snapshot["source"] = {
        "address": "192.0.2.7:5004",
        "stream": "1a2b3c4d",
        "format": "L16/44100/1",
        "packet_samples": 512,
    }
    snapshot["packets"] |= {
        "on_time": 90,
        "late": 2,
        "lost": 7,
        "recovered": 1,
        "recovered_by_copy": 1,
        "expected": 100,
        "duplicate": 3,
    }
    snapshot["packets"]["malformed"] = {'odd "reason"\n': 4}
    snapshot["packets"]["refused"] = {"replayed": 5}
    snapshot["frames"]["by_origin"]["predicted"] = 7
    snapshot["timing_ms"]["conceal"] = {"count": 7, "sum": 14.0, "p50": 1.5, "p99": 2.5, "max": 3.0}
    snapshot["buffer"] |= {"depth_ms": 40.0, "level_ms": 38.0, "latency_ms": 56.0, "ring_ms": 16.0}
    snapshot["drift"]["ppm"] = -12.5
    snapshot["network"] = {
        "refused": None,
        "shown": 10,
        "spoken": 8,
        "withheld": 3,
    }
    snapshot["reply"] = {
        "to": ["192.0.2.7:5004"],
        "packets": 11,
        "unsent": 1,
        "withheld": 2,
        "input": {"name": "default", "underruns": 3, "lost": 4},
    }
    snapshot["recording"] = {"path": "x.wav", "samples": 512, "error": None}
    snapshot["capture"] = {"path": "x.pcapng", "datagrams": 100, "dropped": 2, "error": "no space"}
    return snapshot


def mix() -> dict[str, Any]:
    """Two peers from one address, and one that has only just come."""
    snapshot = busy()
    alone = {name: snapshot[name] for name in ("buffer", "drift", "packets", "frames")}
    snapshot["peers"] = [
        {"number": 1, **snapshot["source"], **alone, "gain_db": -3.0},
        {"number": 2, **snapshot["source"], **copy.deepcopy(alone), "gain_db": 0.0},
        {"number": 3, **copy.deepcopy(alone), "gain_db": 0.0},
    ]
    snapshot["peers"][1]["packets"]["lost"] = 9
    snapshot["peers"][1]["buffer"]["level_ms"] = 5.0
    return snapshot


def expose(snapshot: dict[str, Any], accept: str = "") -> str:
    body, _ = Metrics(lambda: snapshot, lambda: Own(1, 2, 3)).exposition(accept)
    return body.decode()


def families(snapshot: dict[str, Any]) -> dict[str, Metric]:
    parsed = list(text_string_to_metric_families(expose(snapshot)))
    names = [family.name for family in parsed]
    assert len(set(names)) == len(names)
    return dict(zip(names, parsed, strict=True))


def value(snapshot: dict[str, Any], name: str, **labels: str) -> float:
    """The one sample with this name and these labels among its own."""
    found = [
        sample.value
        for family in families(snapshot).values()
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]
    assert len(found) == 1, (name, labels, found)
    return float(found[0])


SOURCE = {"source": "192.0.2.7:5004"}


@pytest.mark.parametrize(
    ("name", "labels", "expected"),
    [
        ("plcd_packets_total", {"fate": "lost"}, 7),
        ("plcd_packets_total", {"fate": "on_time"}, 90),
        ("plcd_packets_duplicate_total", {}, 3),
        ("plcd_datagrams_malformed_total", {"reason": 'odd "reason"\n'}, 4),
        ("plcd_datagrams_refused_total", {"reason": "replayed"}, 5),
        ("plcd_frames_total", {"origin": "predicted"}, 7),
        ("plcd_conceal_seconds", {"quantile": "0.99"}, 0.0025),
        ("plcd_conceal_seconds_sum", {}, 0.014),
        ("plcd_conceal_seconds_count", {}, 7),
        ("plcd_conceal_longest_seconds", {}, 0.003),
        ("plcd_buffer_depth_seconds", SOURCE, 0.04),
        ("plcd_buffer_level_seconds", SOURCE, 0.038),
        ("plcd_latency_seconds", SOURCE, 0.056),
        ("plcd_latency_part_seconds", {**SOURCE, "part": "ring"}, 0.016),
        ("plcd_clock_drift_ppm", SOURCE, -12.5),
        ("plcd_source_info", {**SOURCE, "stream": "1a2b3c4d", "format": "L16/44100/1"}, 1),
        ("plcd_network_blocks_total", {"result": "missed"}, 2),
        ("plcd_reply_packets_total", {}, 11),
        ("plcd_reply_withheld_total", {}, 2),
        ("plcd_input_underruns_total", {}, 3),
        ("plcd_recording_failed", {}, 0),
        ("plcd_capture_failed", {}, 1),
        ("plcd_state", {"plcd_state": "playing"}, 1),
        ("plcd_state", {"plcd_state": "idle"}, 0),
        ("plcd_http_listeners", {}, 1),
        ("plcd_http_refused_total", {}, 3),
    ],
)
def test_the_figures_are_those_of_the_snapshot(name: str, labels: dict[str, str], expected: float) -> None:
    assert value(busy(), name, **labels) == pytest.approx(expected)


@pytest.mark.parametrize("snapshot", [make_thread().snapshot, busy(), mix()], ids=["new", "busy", "mix"])
def test_names_and_types_keep_the_conventions(snapshot: dict[str, Any]) -> None:
    """What promtool check metrics looks at: help, types, suffixes, base units, labels."""
    found = families(snapshot)
    for name, family in found.items():
        assert re.fullmatch(r"(plcd|process)_[a-z_]+", name), name
        assert family.documentation, name
        assert family.documentation.endswith((".", "seconds", "bytes", "epoch in seconds"))
        assert family.type in ("counter", "gauge", "summary"), name
        assert not name.endswith(("_ms", "_milliseconds", "_count", "_sum")), name
        series = [(sample.name, frozenset(sample.labels.items())) for sample in family.samples]
        assert len(set(series)) == len(series), name
        for sample in family.samples:
            assert (family.type == "counter") == sample.name.endswith("_total"), sample.name
            assert all(re.fullmatch(r"[a-z_]+", label) for label in sample.labels)
    fates = {sample.labels["fate"] for sample in found["plcd_packets"].samples}
    assert fates == {"on_time", "late", "lost", "recovered_by_copy", "recovered_by_parity"}
    assert sum(sample.value for sample in found["plcd_packets"].samples) == snapshot["packets"]["expected"]


def test_each_peer_of_a_mix_has_figures_of_its_own() -> None:
    first, second = {**SOURCE, "peer": "1"}, {**SOURCE, "peer": "2"}
    assert value(mix(), "plcd_peer_packets_total", fate="lost", **first) == 7
    assert value(mix(), "plcd_peer_packets_total", fate="lost", **second) == 9
    assert value(mix(), "plcd_peer_frames_total", origin="predicted", **second) == 7
    assert value(mix(), "plcd_buffer_level_seconds", **first) == pytest.approx(0.038)
    assert value(mix(), "plcd_buffer_level_seconds", **second) == pytest.approx(0.005)
    assert value(mix(), "plcd_peer_gain_db", **first) == -3
    assert value(mix(), "plcd_packets_total", fate="lost") == 7
    assert value(mix(), "plcd_buffer_level_seconds", source="", peer="3") == pytest.approx(0.038)


def test_the_source_comes_and_goes() -> None:
    new: dict[str, Any] = make_thread().snapshot
    assert "plcd_source_info" not in families(new)
    assert families(new)["plcd_clock_drift_ppm"].samples == []
    assert "plcd_network_blocks" not in families(new)
    assert value(new, "plcd_buffer_level_seconds", source="") == 0


@pytest.mark.parametrize("snapshot", [make_thread().snapshot, busy(), mix()], ids=["new", "busy", "mix"])
def test_a_scraper_may_ask_for_openmetrics(snapshot: dict[str, Any]) -> None:
    body = expose(snapshot, "application/openmetrics-text; version=1.0.0")
    assert body.endswith("# EOF\n")
    parsed = openmetrics.text_string_to_metric_families(body)  # type: ignore[no-untyped-call]
    names = {family.name for family in parsed}
    assert {"plcd_packets", "plcd_state", "plcd_conceal_seconds"} <= names
