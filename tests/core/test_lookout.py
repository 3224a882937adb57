from core_streams import MONO, Sender, ns

from plcd.core.lookout import worthwhile
from plcd.core.stream import Stream

WINDOW = 512


def stream(held: list[int], size: int = 512, cursor: int = 0) -> Stream:
    """A stream of which the packets ``held`` arrived, ``cursor`` samples played."""
    sender = Sender(size)
    made = Stream([sender.arrival(index) for index in range(3)], 4 * size, 512)
    for index in held:
        made.insert(sender.packet(index), ns(index * size, MONO.rate))
    if cursor:
        made.asked(cursor, ns(cursor + 512))
    return made


def places(made: Stream, frame: int = 512, window: int = WINDOW, alone: bool = False) -> list[int]:
    return list(worthwhile(made, frame, window, alone))


def test_nothing_where_the_buffer_is_filled_and_nothing_is_missing() -> None:
    assert places(stream([3, 4, 5])) == []


def test_a_hole_in_sight_wants_fits_at_its_start_and_a_window_before() -> None:
    made = stream([4, 5, 6])
    assert places(made) == [1024, 1536]
    assert places(made, alone=True) == [1536]


def test_a_hole_at_the_cursor() -> None:
    made = stream([4, 5, 6], cursor=3 * 512)
    assert places(made) == places(made, alone=True) == [0]


def test_a_burst_is_one_hole() -> None:
    assert places(stream([5, 6]), alone=True) == [1536]
    assert places(stream([6, 7], cursor=512)) == [512, 1024]


def test_what_may_yet_come_is_looked_for_only_nearby_and_by_several() -> None:
    made = stream([], cursor=1024)  # the third packet plays next, the fourth has not come
    assert places(made) == [0]
    assert places(made, alone=True) == []
    made = stream([], cursor=1536)
    assert places(made) == [0]
    assert places(made, alone=True) == []
    assert places(stream([])) == []


def test_packets_need_not_begin_where_frames_do() -> None:
    made = stream([4, 5, 6], cursor=100)
    assert places(made) == [1024 - 100, 1536 - 100]


def test_small_packets_have_several_places_in_a_frame() -> None:
    made = stream([*range(3, 20), *range(21, 40)], size=64, cursor=128)
    assert places(made) == [(20 - 8 - 2) * 64, (20 - 2) * 64]
    early = stream([], size=64)
    assert places(early) == [0, 64, 128, 192]


def test_no_place_behind_the_first_hole() -> None:
    assert places(stream([4, 6, 7, 8], cursor=512)) == [512, 1024]
