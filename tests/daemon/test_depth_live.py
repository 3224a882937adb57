"""``--depth auto`` in a running daemon."""

from running import QUICK, assert_adds_up, music, running, streaming


def test_it_comes_down_from_where_it_began() -> None:
    """By splices that are counted. It begins far above what any delay of this machine asks for."""
    with running("--output", "null", "--depth", "auto:20-900", *QUICK) as daemon:
        with streaming(music(60.0), daemon.address):
            daemon.wait_for(lambda stats: stats["state"] == "playing")
            assert daemon.client.request("set_depth", depth="900ms")["depth"] == "900ms"
            daemon.wait_for(lambda stats: stats["buffer"]["depth_ms"] == 900.0)
            assert daemon.client.request("set_depth", depth="auto:20-900")["depth"] == "auto:20-900"
            stats = daemon.wait_for(lambda stats: stats["events"]["shrunk"] > 1)
        daemon.finish()
    assert 19.0 < stats["buffer"]["depth_ms"] < 900.0
    assert stats["packets"]["lost"] == stats["events"]["restarts"] == 0
    assert_adds_up(stats)
