"""All metrics of one pair."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from plcd.scoring.gap_energy import gap_energy_db
from plcd.scoring.packages import MissingPackageError, at_48_khz, visqol_mos, zimtohrli_mos
from plcd.scoring.pair import Losses, Pair
from plcd.scoring.peaq.model import Grade, peaq_basic
from plcd.scoring.spectral import (
    mel_spectral_convergence,
    multi_resolution_stft,
    spectrogram_nrmse,
    spectrogram_psnr_db,
)
from plcd.scoring.waveform import (
    boundary_step_db,
    gap_snr_by_burst_db,
    gap_snr_db,
    lost_nmse_db,
    nmse_db,
    snr_db,
)


@dataclass(frozen=True, slots=True)
class LossScores:
    """What is known only where a trace says what was lost."""

    gap_snr_db: float
    gap_snr_by_burst_db: dict[int, float]
    """By length of the burst in packets."""
    nmse_lost_db: float
    boundary_step_db: float
    gap_energy_db: dict[str, float]
    """By band in Hz, as ``"500-2000"``."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Every metric of one pair; docs/quality.md says what each means. None: could not be found, see ``notes``."""

    snr_db: float
    nmse_db: float
    mel_convergence: float
    multi_resolution_stft: float
    spectrogram_psnr_db: float
    spectrogram_nrmse: float
    peaq: Grade | None
    zimtohrli_mos: float | None
    visqol_mos: float | None
    losses: LossScores | None
    notes: tuple[str, ...] = field(default=())
    """One line for each metric that is missing and could have been there."""


def score(pair: Pair, losses: Losses | None = None) -> Scores:
    """Every metric of ``pair``; those of the gaps only with ``losses``."""
    notes: list[str] = []
    resampled = _attempt(lambda: at_48_khz(pair), notes)

    def at_its_rate(metric: Callable[[Pair], Any]) -> Any:
        return None if resampled is None else _attempt(lambda: metric(resampled), notes)

    return Scores(
        snr_db=snr_db(pair),
        nmse_db=nmse_db(pair),
        mel_convergence=mel_spectral_convergence(pair),
        multi_resolution_stft=multi_resolution_stft(pair),
        spectrogram_psnr_db=spectrogram_psnr_db(pair),
        spectrogram_nrmse=spectrogram_nrmse(pair),
        peaq=at_its_rate(lambda p: peaq_basic(p.reference, p.output)),
        zimtohrli_mos=at_its_rate(zimtohrli_mos),
        visqol_mos=at_its_rate(visqol_mos),
        losses=None if losses is None else score_losses(pair, losses),
        notes=tuple(notes),
    )


def score_losses(pair: Pair, losses: Losses) -> LossScores:
    """The metrics of the gaps."""
    return LossScores(
        gap_snr_db(pair, losses),
        gap_snr_by_burst_db(pair, losses),
        lost_nmse_db(pair, losses),
        boundary_step_db(pair, losses),
        gap_energy_db(pair, losses),
    )


def _attempt(metric: Callable[[], Any], notes: list[str]) -> Any:
    try:
        return metric()
    except (MissingPackageError, ValueError) as error:
        notes.append(str(error))
        return None
