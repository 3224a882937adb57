"""Arrival traces: recorded ones from bench/data/arrivals, and what models of networks and senders make."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FOLDER = Path(__file__).resolve().parent.parent / "data" / "arrivals"
SERIALISED_S = 20e-6
"""Between two packets that waited in one queue."""

Seconds = NDArray[np.float64]


@dataclass(frozen=True)
class Trace:
    """Packet ``number[k]`` came ``arrival_s[k]`` after the beginning. No packet is lost; sorted by arrival."""

    name: str
    what: str
    rate: int
    packet: int
    number: NDArray[np.int64]
    arrival_s: Seconds

    @property
    def transit_s(self) -> Seconds:
        """Each packet's way beyond that of the promptest."""
        transit: Seconds = self.arrival_s - self.number * self.packet / self.rate
        beyond: Seconds = transit - transit.min()
        return beyond


def recorded(name: str, what: str) -> Trace:
    """A trace that bench/arrivals/capture.py made."""
    with np.load(FOLDER / f"{name}.npz") as file:
        number, arrival_us = file["number"].astype(np.int64), file["arrival_us"]
        rate, packet = int(file["rate"]), int(file["packet"])
    order = np.argsort(arrival_us, kind="stable")
    return Trace(name, what, rate, packet, number[order], arrival_us[order] / 1e6)


def made(seconds: float, seed: int = 1) -> list[Trace]:
    """One trace of each model, packets of 128 at 48 kHz."""
    rate, packet = 48_000, 128
    rng = np.random.default_rng(seed)
    count = int(seconds * rate / packet)
    sent = np.arange(count) * packet / rate

    def trace(name: str, what: str, arrival: Seconds, in_order: bool = True) -> Trace:
        if in_order:
            index = np.arange(count)
            arrival = np.maximum.accumulate(arrival - index * SERIALISED_S) + index * SERIALISED_S
        order = np.argsort(arrival, kind="stable")
        return Trace(name, what, rate, packet, order.astype(np.int64), arrival[order])

    def stalls(every_s: float, lengths_s: Seconds) -> Seconds:
        """Until when each packet is held up."""
        begins = np.cumsum(rng.exponential(every_s, lengths_s.size))
        held = np.zeros(count)
        for begin, length in zip(begins, lengths_s, strict=True):
            inside = (sent >= begin) & (sent < begin + length)
            held[inside] = np.maximum(held[inside], begin + length)
        return held

    spikes = stalls(2.0, rng.exponential(0.012, int(seconds)))
    scans = stalls(8.0, rng.uniform(0.01, 0.045, int(seconds / 4)))
    swell = 1.0 + np.sin(2 * np.pi * sent / 120.0) ** 2
    chunk = 8
    busy = (sent > seconds / 3) & (sent < 2 * seconds / 3)
    return [
        trace("uniform", "0 to 8 ms, packets overtake", sent + rng.uniform(0, 0.008, count), in_order=False),
        trace(
            "spikes",
            "Gaussian, 1.2 ms, and every 2 s a queue that stalls",
            np.maximum(sent + np.abs(rng.normal(0, 0.0012, count)), spikes),
        ),
        trace(
            "bursty sender",
            "8 packets at once, 1 ms of Gaussian jitter",
            sent[np.minimum(np.arange(count) // chunk * chunk + chunk - 1, count - 1)]
            + np.repeat(np.abs(rng.normal(0, 0.001, count // chunk + 1)), chunk)[:count],
        ),
        trace(
            "Wi-Fi",
            "exponential, 0.8 to 1.6 ms, swelling in two minutes; every 8 s a scan of 10 to 45 ms",
            np.maximum(sent + rng.exponential(0.0008, count) * swell, scans),
        ),
        trace(
            "congestion",
            "Gaussian, 0.8 ms; 4 ms in the middle third",
            sent + np.abs(rng.normal(0, 1.0, count)) * np.where(busy, 0.004, 0.0008),
        ),
    ]
