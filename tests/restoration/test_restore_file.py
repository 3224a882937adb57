"""A file restored: only gaps change, in every encoding; stopped and resumed it is the same; nothing half-written stays."""

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from damaged import RATE, Sound, music, quick, write
from hypothesis import given, settings
from hypothesis import strategies as st

from plcd.offline.audio_files import AudioFileError, DamagedFileError, read_info
from plcd.restoration.errors import RestorationError
from plcd.restoration.gap_lists import Gaps, mask_of, merged
from plcd.restoration.interpolate import Interpolate
from plcd.restoration.preview import APART_S, BETWEEN_S, preview_file
from plcd.restoration.restore import Outcome, restore_file
from plcd.restoration.restorer import Audio, Progress, Reach, Window
from plcd.restoration.sidecar import digest_of


def gaps_of(spans: list[tuple[int, int]], samples: int) -> Gaps:
    return merged(np.array(spans, np.int64), samples)


def restore(path: Path, gaps: Gaps, output: Path, method: Interpolate | None = None) -> Outcome:
    return restore_file(read_info(path), digest_of(path), gaps, output, method or quick())


class Stopping(Interpolate):
    """The real method, ended by Ctrl-C after so many windows."""

    def __init__(self, windows: int) -> None:
        super().__init__(((32, 256),), 0.0)
        self.left = windows

    def restore(self, window: Window, progress: Progress) -> Audio:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        return super().restore(window, progress)


ENCODINGS = {
    "PCM_U8": "wav",
    "PCM_16": "wav",
    "PCM_24": "flac",
    "PCM_32": "wav",
    "FLOAT": "wav",
    "DOUBLE": "wav",
    "ULAW": "wav",
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("channels", "rate"), [(1, 192_000), (6, 44_100)])
def test_only_gaps_change_whatever_the_encoding(
    tmp_path: Path, encoding: str, channels: int, rate: int
) -> None:
    path = write(tmp_path / f"in.{ENCODINGS[encoding]}", music(4000, channels, rate), rate, encoding)
    if encoding in ("FLOAT", "DOUBLE"):
        loud = music(4000, channels, rate) * 30  # clipped, as far as integers are concerned
        loud[10] = 1e-30
        write(path, loud, rate, encoding)
    gaps = gaps_of([(0, 40), (700, 800), (1000, 1001), (3950, 4000)], 4000)
    output = tmp_path / f"out{path.suffix}"
    outcome = restore(path, gaps, output)
    assert (outcome.gaps, outcome.samples, outcome.left, outcome.resumed) == (4, 191, 0, 0)
    one, other = read_info(path), read_info(output)
    assert (one.container, one.encoding, one.rate, one.channels, one.samples) == (
        other.container,
        other.encoding,
        other.rate,
        other.channels,
        other.samples,
    )
    kind = "float64" if encoding in ("FLOAT", "DOUBLE") else "int32"
    before, after = (soundfile.read(p, dtype=kind, always_2d=True)[0] for p in (path, output))
    inside = mask_of(gaps, 0, 4000)
    np.testing.assert_array_equal(after[~inside], before[~inside])
    assert (after[inside] != before[inside]).any()
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted([path.name, output.name])


@settings(max_examples=20)
@given(
    st.lists(st.tuples(st.integers(0, 90_000), st.integers(1, 900)), min_size=1, max_size=12),
    st.integers(0, 12),
)
def test_stopped_and_resumed_gives_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, spans: list[tuple[int, int]], windows: int
) -> None:
    folder = tmp_path_factory.mktemp("r")
    path = write(folder / "in.wav", music(80_000), encoding="FLOAT")
    gaps = gaps_of([(start, start + length) for start, length in spans], 80_000)
    whole = restore(path, gaps, folder / "whole.wav")
    try:
        restore(path, gaps, folder / "out.wav", Stopping(windows))
    except KeyboardInterrupt:
        kept = ["out.wav.partial"] if windows else []
        assert sorted(p.name for p in folder.iterdir()) == ["in.wav", *kept, "whole.wav"]
        outcome = restore(path, gaps, folder / "out.wav")
        finished = [stop - start for start, stop in gaps.tolist()][:windows]
        assert outcome.resumed == sum(finished)
        assert (outcome.gaps, outcome.samples) == (whole.gaps, whole.samples)
    assert sorted(p.name for p in folder.iterdir()) == ["in.wav", "out.wav", "whole.wav"]
    assert (folder / "out.wav").read_bytes() == (folder / "whole.wav").read_bytes()


class Looking(Interpolate):
    """The real method, which notes what it is shown."""

    def __init__(self, together: int) -> None:
        super().__init__(((32, 256),), 0.0)
        self.together = together
        self.seen: list[Window] = []

    def reach(self, rate: int) -> Reach:
        return Reach(256, 256, 500, self.together)

    def restore(self, window: Window, progress: Progress) -> Audio:
        self.seen.append(window)
        return super().restore(window, progress)


def test_a_window_holds_its_context_earlier_gaps_restored_and_later_ones_missing(tmp_path: Path) -> None:
    sound = music(6000)
    path = write(tmp_path / "in.wav", sound, encoding="DOUBLE")
    gaps = gaps_of([(1000, 1100), (1200, 1300), (1350, 1900), (2000, 2010), (5990, 6000)], 6000)
    method = Looking(0)
    outcome = restore(path, gaps, tmp_path / "out.wav", method)
    assert (outcome.gaps, outcome.left) == (4, 1)
    after = soundfile.read(tmp_path / "out.wav", always_2d=True)[0]
    spans = [(744, 1356), (944, 1556), (1744, 2266), (5734, 6000)]
    missing = [
        [(1000, 1100), (1200, 1300), (1350, 1900)],
        [(1200, 1300), (1350, 1900)],
        [(1350, 1900), (2000, 2010)],
    ]
    missing.append([(5990, 6000)])
    assert len(method.seen) == 4
    for window, (start, stop), unknown in zip(method.seen, spans, missing, strict=True):
        expected = mask_of(gaps_of(unknown, 6000), start, stop)
        np.testing.assert_array_equal(window.missing, expected)
        assert not window.audio[expected].any()
        np.testing.assert_array_equal(window.audio[~expected], after[start:stop][~expected])
    together = Looking(400)
    restore(path, gaps, tmp_path / "out2.wav", together)
    assert [len(window.audio) for window in together.seen] == [300 + 512, 522, 266]


def test_progress_adds_up_to_what_is_restored(tmp_path: Path) -> None:
    path = write(tmp_path / "in.wav", music(5000))
    gaps = gaps_of([(100, 200), (1000, 1300), (4000, 4010)], 5000)
    heard: list[float] = []
    restore_file(read_info(path), "", gaps, tmp_path / "out.wav", quick(), heard.append)
    assert sum(heard) == pytest.approx(410)
    assert min(heard) >= 0


class Broken(Interpolate):
    def restore(self, window: Window, progress: Progress) -> Audio:
        return np.full((int(window.missing.sum()), window.audio.shape[1]), np.nan)


def test_what_cannot_be_done_is_one_line_and_leaves_no_output(tmp_path: Path) -> None:
    path = write(tmp_path / "in.wav", music(5000))
    gaps = gaps_of([(1000, 1100)], 5000)
    with pytest.raises(AudioFileError, match="would overwrite the input"):
        restore(path, gaps, path)
    with pytest.raises(AudioFileError, match="there is no folder"):
        restore(path, gaps, tmp_path / "no" / "out.wav")
    with pytest.raises(AudioFileError, match="lossy"):
        restore(path, gaps, tmp_path / "out.mp3")
    with pytest.raises(RestorationError, match=r"in\.wav: gap at 0\.062 s: the method made NaN"):
        restore(path, gaps, tmp_path / "bad.wav", Broken())
    sound = music(5000)
    sound[1200] = np.nan
    write(tmp_path / "nan.wav", sound, encoding="FLOAT")
    with pytest.raises(AudioFileError, match="sample 1200 is NaN or infinite"):
        restore(tmp_path / "nan.wav", gaps, tmp_path / "out.wav")
    soundfile.write(tmp_path / "in.ogg", sound[:1000], RATE)
    with pytest.raises(RestorationError, match="encoded as VORBIS what was not lost would change"):
        restore(tmp_path / "in.ogg", gaps_of([(100, 200)], 1000), tmp_path / "out.ogg")
    write(tmp_path / "long.flac", music(90_000))
    (tmp_path / "long.flac").write_bytes((tmp_path / "long.flac").read_bytes()[:70_000])
    with pytest.raises(DamagedFileError, match=r"long\.flac: damaged, after \d\.\d s it cannot be decoded"):
        restore(tmp_path / "long.flac", gaps, tmp_path / "out.flac")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.ogg", "in.wav", "long.flac", "nan.wav"]


def test_a_gap_may_hold_anything(tmp_path: Path) -> None:
    sound = music(3000)
    sound[1000:1100] = np.nan
    path = write(tmp_path / "in.wav", sound, encoding="FLOAT")
    restore(path, gaps_of([(1000, 1100)], 3000), tmp_path / "out.wav")
    assert np.isfinite(soundfile.read(tmp_path / "out.wav")[0]).all()


@pytest.mark.skipif(sys.platform == "win32", reason="resource limits are POSIX")
def test_a_full_disk_is_one_line_and_the_same_command_goes_on_later(tmp_path: Path) -> None:
    import resource
    import signal

    path = write(tmp_path / "in.wav", music(200_000))
    gaps = gaps_of([(1000, 1100), (190_000, 190_100)], 200_000)
    old_limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    old_handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, old_limit[1]))
        with pytest.raises(AudioFileError, match=r"out\.wav: cannot be written"):
            restore(path, gaps, tmp_path / "out.wav")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old_limit)
        signal.signal(signal.SIGXFSZ, old_handler)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.wav", "out.wav.partial"]
    assert restore(path, gaps, tmp_path / "out.wav").resumed >= 100


def test_a_preview_has_each_gap_as_it_was_and_restored(tmp_path: Path) -> None:
    sound: Sound = music(5 * RATE)
    gaps = gaps_of([(200, 300), (2 * RATE, 2 * RATE + 100), (5 * RATE - 50, 5 * RATE)], len(sound))
    for start, stop in gaps.tolist():
        sound[start:stop] = 0.0
    path = write(tmp_path / "in.wav", sound)
    restore(path, gaps, tmp_path / "out.wav")
    assert preview_file(read_info(path), gaps, tmp_path / "preview.wav", quick()) == 3
    heard = soundfile.read(tmp_path / "preview.wav", always_2d=True)[0]
    after = soundfile.read(tmp_path / "out.wav", always_2d=True)[0]
    place = 0
    for start, stop in gaps.tolist():
        around = slice(max(0, start - RATE), min(len(sound), stop + RATE))
        size = around.stop - around.start
        np.testing.assert_array_equal(
            heard[place : place + size][start - around.start :][: stop - start], 0.0
        )
        place += size + round(BETWEEN_S * RATE)
        np.testing.assert_array_equal(heard[place : place + size], after[around])
        place += size + round(APART_S * RATE)
    assert place == len(heard)
