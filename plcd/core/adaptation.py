"""Which predictors a machine can afford for a stream, so that no loss is concealed late."""

from dataclasses import dataclass, replace
from typing import Final

from plcd.core.closing import LONGEST_INTERPOLATION
from plcd.core.ensemble import BEST, Ensemble
from plcd.core.forecaster import RECORD_S
from plcd.core.hole import CROSSFADE_S
from plcd.core.predictor import MOST_ERRORS, Predictor

DEADLINE_S: Final = 0.004
"""Concealing one loss, all channels together, takes no longer, nor longer than half a packet lasts."""
MARGIN: Final = 1.3
"""What is allowed for over the time measured on an idle machine."""
COLD_MARGIN: Final = 2.5
"""Likewise of several peers: each finds the caches full of the others' (measured: 1.8 times), while their packets keep the other
hardware thread of the core busy."""
USUAL_PAIR_S: Final = 2.8e-10
"""Seconds per unit of :attr:`Predictor.work` on a processor with AVX-512, for where nobody measured."""
AHEAD_S: Final = 0.05
"""What fits ahead may take is saved up for so long: at 10 % loss a hole comes every 0.16 s, and a jitter buffer of 40 ms
shows it about so much earlier."""
BUDGET: Final = 0.4
"""Share of one core that fitting ahead may take, by default."""

# What concealing takes beside the fit, in units of Predictor.work, measured:
DRIVE_WORK: Final = 0.44
"""One coefficient for one extrapolated sample."""
CHANNEL_WORK: Final = 215_000
"""Once per channel, whatever the predictor."""
ERROR_WORK: Final = 25
"""Per prediction error that the innovation is sampled from, of which there are at most :data:`MOST_ERRORS`."""
SAMPLE_WORK: Final = 360
"""Per sample concealed or crossfaded."""
PLAY_WORK: Final = 500_000
"""A frame of a peer that lost nothing: taking in its packet, playing, resampling."""
USUAL_SHARE: Final = 0.6
"""Of a frame's time that playing and concealing several peers may take: the rest is for what else the system does."""
AT_ONCE: Final = 2
"""Losses of several peers in one frame that are concealed within it. More are rare, and take the reserve, or a moment longer."""
CLOSE_WORK: Final = (3.2, 2.25, 1.1)
"""Closing m samples from both sides at order p, guards included: per m², per m p and per p²."""


LADDER: Final = (
    BEST,
    Ensemble.tapered((1024, 4096), (1024, 2048), (512, 2048)),
    Ensemble.tapered((768, 3072), (512, 2048)),
    Ensemble.tapered((1024, 4096)),
    Ensemble.tapered((768, 3072)),
    Ensemble.tapered((512, 2048)),
    Ensemble.tapered((384, 1536)),
    Ensemble.tapered((256, 1024)),
    Ensemble.tapered((128, 512)),
    Ensemble.tapered((64, 256)),
    Ensemble.tapered((32, 128)),
)
"""From the best to the cheapest."""
DECENT_ORDER: Final = 256
"""A lower one does not tell tones of music apart: at 44.1 kHz it resolves 172 Hz."""
SINGLES: Final = tuple(ensemble.primary for ensemble in LADDER if len(ensemble.members) == 1)
LEAST_OF_PEERS: Final = 128
"""The lowest order for one of several: below it a hole costs what is done beside predicting, and a lower one saves nothing."""
SEVERAL: Final = tuple(ensemble for ensemble in LADDER if len(ensemble.members) > 1)


@dataclass(frozen=True, slots=True)
class Load:
    """A network beside the predictor."""

    takes_s: float
    """Seconds for one packet of all channels, once it is known to be lost."""
    predictor: Ensemble | None = None
    """The only one it goes with; None: any decent one."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What has to be concealed."""

    rate: int
    channels: int
    packet: int
    """Samples."""
    frame: int
    """Samples that the output asks for at a time."""
    closes: bool = True
    """Holes may be closed from both sides."""
    network: Load | None = None
    peers: int = 1
    """Streams that are concealed for the same output."""

    @property
    def limit_s(self) -> float:
        """How long concealing one loss may take."""
        return min(min(self.packet, self.frame) / self.rate / 2, DEADLINE_S)

    def limit_for_s(self, losses: int, pair_s: float) -> float:
        """Likewise where so many of all peers have a loss in one frame.

        They take from :data:`USUAL_SHARE` of a frame's time what playing all of them leaves.
        """
        if self.peers == 1:
            return self.limit_s
        return min(self.limit_s, self.left_s(pair_s) / losses)

    def left_s(self, pair_s: float) -> float:
        """Seconds of a frame that several peers may take beside being played."""
        return USUAL_SHARE * min(self.packet, self.frame) / self.rate - self.peers * PLAY_WORK * pair_s


@dataclass(frozen=True, slots=True)
class Choice:
    """What to conceal with."""

    ensemble: Ensemble
    fallback: Predictor
    """For a hole whose fits were not made ahead: fits in time."""
    longest: int = LONGEST_INTERPOLATION
    """Of the missing samples that are closed from both sides: what is longer is extrapolated until so much is left."""
    auto: bool = True
    """Chosen here, not named by a person."""
    network: bool = False
    """There is time for the network, if there is one."""
    together: tuple[int, ...] = ()
    """``longest`` where one, two... of several peers have a hole in the same frame."""

    def longest_for(self, losses: int) -> int:
        """``longest`` in a frame in which so many peers have a hole."""
        return (
            self.together[min(losses, len(self.together)) - 1] if self.together and losses else self.longest
        )


def decide(named: Ensemble | None, demand: Demand, budget: float, pair_s: float) -> Choice:
    """What a person ``named``, with a fallback if it is several predictors; else what :func:`choose` chooses.

    A predictor that was named alone conceals every hole, in time or not; a network stays beside what was named.
    """
    if named is None:
        return choose(demand, budget, pair_s)
    network = demand.network
    if len(named.members) == 1:
        fallback = named.primary
    else:
        any_with = replace(demand, network=network and replace(network, predictor=None))
        fallback = choose(any_with, budget, pair_s).fallback
    return Choice(named, fallback, auto=False, network=network is not None)


def choose(demand: Demand, budget: float, pair_s: float) -> Choice:
    """The best ensemble that there is time for: with closing a lost packet from both sides, if that leaves a decent order.

    ``budget``: share of one core that fitting ahead may take; ``pair_s``: seconds per unit of :attr:`Predictor.work` here.
    Of several predictors none takes longer to fit than half a frame lasts, for the next one must not wait, and the fits
    for one loss (there, and where its record begins) fit into the budget of :data:`AHEAD_S`. A single predictor
    is fitted in time when a hole opens. Several peers share the time of a frame and the budget; then a single predictor is made
    ahead too, with a cheaper one for where it was not. The cheapest is taken where none can be. Where there is no time for all
    of it the network goes first, then closing.
    """
    enough = min(demand.packet, LONGEST_INTERPOLATION) if demand.closes else 0
    if demand.network is not None:
        choice = _choose(demand, budget, pair_s, enough)
        own = demand.network.predictor
        if own == choice.ensemble or (own is None and _decent(choice)):
            return replace(choice, network=True)
        demand = replace(demand, network=None)
    choice = _choose(demand, budget, pair_s, enough)
    return choice if _decent(choice) else _choose(demand, budget, pair_s, 0)


def _decent(choice: Choice) -> bool:
    """What is usual is: the fallback, where a predictor speaks alone that is fitted in time, else what is made ahead."""
    usual = choice.ensemble.primary if choice.together else choice.fallback
    return usual.order >= DECENT_ORDER


def _choose(demand: Demand, budget: float, pair_s: float, enough: int) -> Choice:
    """The best ensemble with which so many missing samples as ``enough`` can be closed from both sides in time."""

    network = demand.network or Load(0.0)
    one_alone, several = SINGLES, SEVERAL
    if network.predictor is not None:
        alone = len(network.predictor.members) == 1
        one_alone, several = ((network.predictor.primary,), ()) if alone else (SINGLES, (network.predictor,))

    peers = demand.peers
    least_order = LEAST_OF_PEERS if peers > 1 else 0
    cheapest = [one for one in SINGLES if one.order >= least_order][-1]
    one_alone = tuple(one for one in one_alone if one.order >= least_order)
    always = enough if peers == 1 else 0  # of several, one that is alone in its frame is closed as far
    usual = peers if demand.network is not None else min(peers, AT_ONCE)

    def longest(ensemble: Ensemble, ahead: bool, losses: int = usual) -> int:
        """Missing samples that can be closed from both sides in time; negative where not even extrapolating is."""
        # No margin for the network: a run that takes longer than it should is ended, and the prediction plays.
        margin = MARGIN if peers == 1 else COLD_MARGIN
        allowed = (demand.limit_for_s(losses, pair_s) - network.takes_s) / (demand.channels * pair_s * margin)
        trying = _trying(ensemble, demand) if len(ensemble.members) > 1 else 0
        before = _extrapolating(ensemble, demand) + (trying if ahead else ensemble.work)
        if before > allowed:
            return -1
        sizes = range(LONGEST_INTERPOLATION, 0, -64)
        in_time = (size for size in sizes if before + _closing(ensemble.primary.order, size) <= allowed)
        return next(in_time, 0)

    singles = ((one, longest(Ensemble((one,)), ahead=False)) for one in one_alone)
    fallback, closed = next((pair for pair in singles if pair[1] >= always), (cheapest, 0))
    cheap = Ensemble((fallback,))
    made_ahead = (*several, *(Ensemble((one,)) for one in one_alone if peers > 1))
    fits_s = budget * AHEAD_S / peers
    if peers > 1:
        fits_s = min(fits_s, demand.left_s(pair_s) / AT_ONCE)
    for ensemble in made_ahead:
        times = 2 if len(ensemble.members) > 1 else 1
        if (
            times * ensemble.work * demand.channels * pair_s <= fits_s
            and max(fit_s(member, pair_s) for member in ensemble.members) <= demand.frame / demand.rate / 2
            and (length := longest(ensemble, True)) >= always
            and longest(ensemble, True, 1) >= enough
        ):
            break
    else:
        ensemble, length = cheap, closed
    if peers == 1:
        return Choice(ensemble, fallback, min(length, closed))
    together = tuple(
        max(0, min(longest(ensemble, True, losses), longest(cheap, False, losses)))
        for losses in range(1, peers + 1)
    )
    return Choice(ensemble, fallback, together[-1], together=together)


def opening_s(choice: Choice, demand: Demand, pair_s: float) -> float:
    """Seconds allowed for what the fits of a hole are followed by, before a packet of it can be played: all channels."""
    ensemble = choice.ensemble
    work = _extrapolating(ensemble, demand) + (_trying(ensemble, demand) if len(ensemble.members) > 1 else 0)
    return MARGIN * pair_s * demand.channels * work


def describe(choice: Choice, channels: int, pair_s: float) -> str:
    """``choice`` in one line, with what its fits take."""

    def ms(work: int) -> str:
        return f"{1000 * work * channels * pair_s:.2g} ms"

    at_once = f"{choice.fallback}, {ms(choice.fallback.work)}, when a packet is lost"
    if choice.ensemble == Ensemble((choice.fallback,)):
        return f"predictor {at_once}"
    return f"predictor {choice.ensemble}, {ms(choice.ensemble.work)} of fits ahead of a loss; where they are missing {at_once}"


def fit_s(predictor: Predictor, pair_s: float) -> float:
    """How long one fit may take."""
    return predictor.work * pair_s * MARGIN


def _trying(ensemble: Ensemble, demand: Demand) -> float:
    """Work in one channel of finding the weights: every member is tried on what came before."""
    window = RECORD_S * demand.rate + demand.packet
    return DRIVE_WORK * sum(member.order for member in ensemble.members) * window


def _extrapolating(ensemble: Ensemble, demand: Demand) -> float:
    """Work in one channel beside the fits: prediction, innovation and crossfade of one packet."""
    samples = demand.packet + CROSSFADE_S * demand.rate
    last = ensemble.members[-1]  # its errors are the innovation, and its filter shapes it
    orders = sum(member.order for member in ensemble.members) + last.order
    errors = min(last.context - last.order, MOST_ERRORS)
    return CHANNEL_WORK + ERROR_WORK * errors + (DRIVE_WORK * orders + SAMPLE_WORK) * samples


def _closing(order: int, missing: int) -> float:
    """Work in one channel of an interpolation."""
    square, mixed, orders = CLOSE_WORK
    return square * missing**2 + mixed * missing * order + orders * order**2
