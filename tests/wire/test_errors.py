from plcd.wire.errors import Reason, WireError


def test_only_sound_datagrams_are_refused() -> None:
    assert {reason for reason in Reason if reason.refused} == {
        Reason.RTCP,
        Reason.UNMAPPED_PAYLOAD_TYPE,
        Reason.JACKTRIP_32_BITS,
        Reason.JACKTRIP_RATE,
        Reason.NO_DESCRIPTOR,
        Reason.GOODBYE,
        Reason.UNAUTHENTIC,
        Reason.REPLAYED,
    }


def test_the_message_holds_reason_and_detail() -> None:
    assert str(WireError(Reason.PADDING, "9 bytes")) == "padding: 9 bytes"


def test_what_needs_no_detail_says_what_it_is() -> None:
    assert str(WireError(Reason.RTCP)) == "rtcp: a control packet, which plcd does not use: harmless"
    assert str(WireError(Reason.EMPTY_PAYLOAD)).startswith("empty_payload: a header with no audio")
