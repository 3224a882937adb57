"""What was measured, as Markdown."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any, Final

from comparison.markdown import Figure, interval, number, table
from comparison.stats import mean_interval, signed_rank_p

from pictures.cases import KINDS

Row = dict[str, Any]
SIX: Final = {
    "u-net": ("U-Net", 55.7687, 0.1523),
    "attention-u-net": ("Attention U-Net", 55.7427, 0.1534),
    "u-net-v2": ("U-Net V2", 56.2264, 0.1465),
    "res-u-net": ("Res-U-Net", 55.9020, 0.1511),
    "attention-res-u-net": ("Attention Res-U-Net", 55.8396, 0.1527),
    "res-u-net-v2": ("Res-U-Net V2", 56.3534, 0.1460),
}
"""Recipe, name, and the paper's means of Tables 2 and 3."""
LONG: Final = "long"
"""Beside the six: the paper's V2, trained for longer."""
_NAMES: Final = {"block": "one block", "blocks": "blocks of 4 to 16 frames"}
_PROTOCOL: Final = (
    "{clips} clips of bench/data, the first {seconds:g} s, at 16 kHz; every patch of 128 x 128 (512 ms) has 10 to 70 % of its "
    "frames deleted, as one block or as blocks of 4 to 16 frames, as many of either kind. Nothing is told to the network. "
    "PSNR is over a sine of full scale, so it rises as music gets softer: gains mean something, levels do not. NRMSE is over "
    "the root mean square of the truth, which fits the paper's tables; its equation 3 does not. Both are means over patches, "
    "then over clips. *Lines*: straight lines from the last known frame to the next, bin by bin, places known."
)


def markdown(rows: list[Row], six: dict[str, Row], about: dict[str, Any], seconds: float) -> str:
    """All tables."""
    clips = {row["clip"] for row in rows}
    lines = [_PROTOCOL.format(clips=len(clips), seconds=seconds), ""]
    lines += [
        f"The network that ships: {about['name']}, {about['parameters']:,} weights, {about['steps']:,} steps, SHA-256 "
        f"`{about['sha256'][:16]}…`.",
        "",
    ]
    lines += ["## Against straight lines across known places", "", *_against(rows), ""]
    if LONG in six:
        lines += [
            f"The paper's V2 as it is (`plcd train res-u-net-v2`), which does not begin with lines, after {six[LONG]['steps']:,} "
            "steps:",
            "",
            *_against(six[LONG]["rows"]),
            "",
        ]
    for kind in KINDS:
        own = [row for row in rows if row["kind"] == kind]
        lines += [f"## Before and after, {_NAMES[kind]}", "", *_before_and_after(own), ""]
    lines += [
        "The paper (its Table 5, means over 16 genres): PSNR 45.69 to 58.66 dB (+12.97), NRMSE .560 to .140 (-.42), ODG -3 to "
        "-1.47 (+1.56, whole numbers), on full-size networks trained on 6,400 tracks.",
        "",
        "ODG: basic PEAQ of what is left at 16 kHz; *after, paper*: the network's word for every frame, phases by 32 rounds of "
        "Griffin and Lim's iteration, its first phases those of what is there; *cut*: the same places silenced in the sound, as "
        "lost packets are; *after, plcd*: that by `plcd restore --gaps blind`, which changes only what it finds damaged. "
        "PEAQ forgives long silences more than sound that is made up, here as in bursts of 8 packets "
        "([QUALITY.md](QUALITY.md)): so Zimtohrli stands beside it.",
        "",
    ]
    if six:
        lines += ["## The six at equal steps", "", *_six(six), ""]
    return "\n".join(lines)


def _against(rows: list[Row]) -> list[str]:
    found = []
    for kind in KINDS:
        own = [row for row in rows if row["kind"] == kind]
        for way, title in (("made", "its word for all frames"), ("kept", "for those that it finds damaged")):
            figures = []
            for metric, digits in (("psnr", 2), ("nrmse", 3)):
                differences = [row[f"{metric}_{way}"] - row[f"{metric}_lines"] for row in own]
                estimate = interval(mean_interval(differences), digits, signed=True)
                figures += [
                    Figure(number(fmean(row[f"{metric}_{name}"] for row in own), digits))
                    for name in (way, "lines")
                ]
                figures.append(Figure(f"{estimate}, p = {signed_rank_p(differences):.2g}"))
            found.append((f"{_NAMES[kind]}; {title}", figures))
    header = [
        "deleted; what is taken of the network",
        "PSNR, dB",
        "lines",
        "difference",
        "NRMSE",
        "lines",
        "difference",
    ]
    return [
        *table(header, found),
        "",
        "95 % bootstrap intervals over clips; p of Wilcoxon's signed-rank test.",
    ]


def _before_and_after(rows: list[Row]) -> list[str]:
    families = sorted({row["family"] for row in rows})
    found = [(family, _row([row for row in rows if row["family"] == family])) for family in families]
    found.append(("mean over clips", _row(rows)))
    header = ["", "PSNR before", "after", "gain", "NRMSE before", "after", "gain"]
    for metric in ("ODG", "Zimtohrli"):
        header += [f"{metric} before", "after, paper", "gain", "cut", "after, plcd", "gain"]
    return table(header, found)


def _row(rows: Sequence[Row]) -> list[Figure]:
    figures = []
    for name, digits, ways in (
        ("psnr", 2, {"given": "made"}),
        ("nrmse", 3, {"given": "made"}),
        ("odg", 2, {"given": "made", "cut": "plcd"}),
        ("zimtohrli", 2, {"given": "made", "cut": "plcd"}),
    ):
        for given, way in ways.items():
            before, after = (fmean(row[f"{name}_{one}"] for row in rows) for one in (given, way))
            figures += [Figure(number(value, digits)) for value in (before, after)]
            figures.append(Figure(number(after - before, digits, signed=True)))
    return figures


def _six(six: dict[str, Row]) -> list[str]:
    found = []
    for name, (title, psnr, error) in SIX.items():
        one = six[name]
        figures = []
        for metric, digits, sign in (("psnr_made", 2, 1), ("nrmse_made", 3, -1)):
            for kind in KINDS:
                value = fmean(row[metric] for row in one["rows"] if row["kind"] == kind)
                figures.append(Figure(number(value, digits), sign * value))
        figures += [
            Figure(f"{psnr:.2f}", psnr),
            Figure(f"{error:.4f}", -error),
            Figure(f"{one['parameters']:,}"),
        ]
        found.append((title, figures))
    steps = sorted({six[name]["steps"] for name in SIX})
    header = [
        "network",
        "PSNR, one block",
        "blocks",
        "NRMSE, one block",
        "blocks",
        "paper's PSNR",
        "NRMSE",
        "weights",
    ]
    told = " or ".join(map(str, steps))
    note = (
        f"Each by its own recipe (`plcd train NAME`), equal data, seed and settings, {told} steps of 8 patches, some three "
        "minutes of one processor core each, for what the paper trained up to 100 epochs on a graphics card: one seed, and far "
        "from done. Weights of the last look at validation recordings, or of the best if that was an earlier one."
    )
    return [*table(header, found), "", note]
