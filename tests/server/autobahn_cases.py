"""The Autobahn testsuite's cases for servers, sections 1 to 7 and 10, by its numbers; who speaks them is raw_websocket.py.

Autobahn itself needs Python 2.7, which not every machine has. Where it takes a dropped connection for a refusal, these cases
want the close code. 6.4.1 to 6.4.4 are passed as the suite calls it non-strictly: text that is not UTF-8 is refused with its
last frame, not with the first wrong byte. 7.13.1 and 7.13.2, which it leaves open, want 1002.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count

from tests.server.raw_websocket import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frame, Received, close

NORMAL, PROTOCOL_ERROR, INVALID_DATA = 1000, 1002, 1007
FRAMEWISE, OCTETWISE, ODD = 0, 1, 997  # how the bytes are chopped into writes

VALID_CLOSE_CODES = (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999)
INVALID_CLOSE_CODES = (0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999)


@dataclass(frozen=True, slots=True)
class Case:
    """What is sent, what comes back, and the code in the close frame after that. `chop` None: all bytes in one write."""

    number: str
    sends: tuple[Frame, ...]
    comes: tuple[Received, ...] = ()
    code: int | None = NORMAL
    chop: int | None = None

    @property
    def writes(self) -> list[bytes]:
        frames = [frame.encoded() for frame in self.sends]
        if self.chop == FRAMEWISE:
            return frames
        data = b"".join(frames)
        step = self.chop or len(data)
        return [data[at : at + step] for at in range(0, len(data), step)]

    @property
    def wants_echo(self) -> bool:
        return any(opcode in (TEXT, BINARY) for opcode, _ in self.comes)


def passes(number: str, *sends: Frame, comes: tuple[Received, ...] = (), chop: int | None = None) -> Case:
    return Case(number, (*sends, close(NORMAL)), comes, chop=chop)


def fails(number: str, *sends: Frame, comes: tuple[Received, ...] = (), code: int = PROTOCOL_ERROR) -> Case:
    return Case(number, sends, comes, code)


def frames() -> list[Case]:
    """1: text and binary messages of all the lengths at which a frame's header changes."""
    cases = []
    for kind, (opcode, octet) in enumerate(((TEXT, b"*"), (BINARY, b"\xfe")), 1):
        for number, size in enumerate((0, 125, 126, 127, 128, 65535, 65536, 65536), 1):
            data = octet * size
            chop = ODD if number == 8 else None
            cases.append(
                passes(f"1.{kind}.{number}", Frame(opcode, data), comes=((opcode, data),), chop=chop),
            )
    return cases


def pings() -> list[Case]:
    """2"""
    octets, full = b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", b"\xfe" * 125
    ten = [b"payload-%d" % number for number in range(10)]
    all_ten = passes("2.10", *(Frame(PING, data) for data in ten), comes=tuple((PONG, data) for data in ten))
    unasked = Frame(PONG, b"unsolicited pong payload")
    return [
        passes("2.1", Frame(PING), comes=((PONG, b""),)),
        passes("2.2", Frame(PING, b"Hello, world!"), comes=((PONG, b"Hello, world!"),)),
        passes("2.3", Frame(PING, octets), comes=((PONG, octets),)),
        passes("2.4", Frame(PING, full), comes=((PONG, full),)),
        fails("2.5", Frame(PING, b"\xfe" * 126)),
        passes("2.6", Frame(PING, full), comes=((PONG, full),), chop=OCTETWISE),
        passes("2.7", Frame(PONG)),
        passes("2.8", unasked),
        passes("2.9", unasked, Frame(PING, b"ping payload"), comes=((PONG, b"ping payload"),)),
        all_ten,
        replace(all_ten, number="2.11", chop=OCTETWISE),
    ]


HELLO = b"Hello, world!"
HELLO_ECHO = ((TEXT, HELLO),)


def reserved_bits() -> list[Case]:
    """3"""

    def after_hello(number: str, rsv: int, chop: int | None = None) -> Case:
        sends = (Frame(TEXT, HELLO), Frame(TEXT, HELLO, rsv=rsv), Frame(PING))
        return Case(number, sends, HELLO_ECHO, PROTOCOL_ERROR, chop)

    return [
        fails("3.1", Frame(TEXT, HELLO, rsv=1)),
        after_hello("3.2", 2),
        after_hello("3.3", 3, FRAMEWISE),
        after_hello("3.4", 4, OCTETWISE),
        fails("3.5", Frame(BINARY, b"\x00\xff\xfe\xfd\xfc\xfb\x00\xff", rsv=5)),
        fails("3.6", Frame(PING, HELLO, rsv=6)),
        fails("3.7", Frame(CLOSE, rsv=7)),
    ]


def reserved_opcodes() -> list[Case]:
    """4"""
    cases = []
    for kind, first in ((1, 3), (2, 11)):
        for number, opcode in enumerate(range(first, first + 5), 1):
            payload = b"reserved opcode payload" if number in (2, 4, 5) else b""
            bad = Frame(opcode, payload)
            name = f"4.{kind}.{number}"
            if number < 3:
                cases.append(fails(name, bad))
            else:
                sends = (Frame(TEXT, HELLO), bad, Frame(PING))
                cases.append(Case(name, sends, HELLO_ECHO, PROTOCOL_ERROR, OCTETWISE if number == 5 else None))
    return cases


def fragments() -> list[Case]:
    """5"""
    one, two = Frame(TEXT, b"fragment1", fin=False), Frame(CONTINUATION, b"fragment2")
    both, ping, pong = ((TEXT, b"fragment1fragment2"),), Frame(PING, b"ping payload"), (PONG, b"ping payload")
    cases = [
        fails("5.1", Frame(PING, b"fragment1", fin=False), two),
        fails("5.2", Frame(PONG, b"fragment1", fin=False), two),
        *(passes(f"5.{n}", one, two, comes=both, chop=chop) for n, chop in ((3, None), (4, FRAMEWISE), (5, OCTETWISE))),
        *(
            passes(f"5.{n}", one, ping, two, comes=(pong, *both), chop=chop)
            for n, chop in ((6, None), (7, FRAMEWISE), (8, OCTETWISE))
        ),
    ]
    for first, is_final in ((9, True), (12, False)):  # a continuation of nothing
        lost = Frame(CONTINUATION, b"non-continuation payload", fin=is_final)
        for number, chop in enumerate((None, FRAMEWISE, OCTETWISE), first):
            cases.append(Case(f"5.{number}", (lost, Frame(TEXT, HELLO)), (), PROTOCOL_ERROR, chop))
    lost_open, lost_final = (Frame(CONTINUATION, b"fragment1", fin=is_final) for is_final in (False, True))
    more = (Frame(TEXT, b"fragment2", fin=False), Frame(CONTINUATION, b"fragment3"))
    cases += [
        fails("5.15", one, two, lost_open, Frame(TEXT, b"fragment4"), comes=both),
        fails("5.16", *(lost_open, *more) * 2),
        fails("5.17", *(lost_final, *more) * 2),
        fails("5.18", one, Frame(TEXT, b"fragment2")),
    ]
    first, *middle, last = (b"fragment%d" % number for number in range(1, 6))
    parts = [Frame(CONTINUATION, data, fin=False) for data in middle]
    asks = [Frame(PING, data) for data in (b"pongme 1!", b"pongme 2!")]
    sends = (Frame(TEXT, first, fin=False), parts[0], asks[0], *parts[1:], asks[1], Frame(CONTINUATION, last))
    answers = (*((PONG, ask.payload) for ask in asks), (TEXT, b"".join((first, *middle, last))))
    return [
        *cases,
        passes("5.19", *sends, comes=answers),
        passes("5.20", *sends, comes=answers, chop=FRAMEWISE),
    ]


def closings() -> list[Case]:
    """7"""
    hello, fragment = b"Hello World!", Frame(TEXT, b"fragment1", fin=False)
    large = (b"BAsd7&jh23" * 26215)[: 256 * 1024]
    invalid = bytes.fromhex("cebae1bdb9cf83cebcceb5eda080656469746564")
    normal = close(NORMAL)
    return [
        passes("7.1.1", Frame(TEXT, hello), comes=((TEXT, hello),)),
        Case("7.1.2", (normal, Frame(CLOSE))),
        Case("7.1.3", (normal, Frame(PING))),
        Case("7.1.4", (normal, Frame(TEXT, hello))),
        Case("7.1.5", (fragment, normal, Frame(CONTINUATION, b"fragment2"))),
        Case(
            "7.1.6",
            (Frame(TEXT, large), Frame(TEXT, hello), normal, Frame(PING)),
            ((TEXT, large), (TEXT, hello)),
        ),
        Case("7.3.1", (Frame(CLOSE),), code=None),
        fails("7.3.2", Frame(CLOSE, b"a")),
        Case("7.3.3", (normal,)),
        Case("7.3.4", (close(NORMAL, hello),)),
        Case("7.3.5", (close(NORMAL, b"*" * 123),)),
        fails("7.3.6", close(NORMAL, b"*" * 124)),
        fails("7.5.1", close(NORMAL, invalid), code=INVALID_DATA),
        *(Case(f"7.7.{n}", (close(code),), code=code) for n, code in enumerate(VALID_CLOSE_CODES, 1)),
        *(fails(f"7.9.{n}", close(code)) for n, code in enumerate(INVALID_CLOSE_CODES, 1)),
        *(fails(f"7.13.{n}", close(code)) for n, code in enumerate((5000, 65535), 1)),
    ]


def automatic_fragments() -> list[Case]:
    """10: a message that a library cuts into frames of 1300 bytes."""
    data = b"*" * 65536
    parts = [data[at : at + 1300] for at in range(0, len(data), 1300)]
    return [passes("10.1.1", *fragmented(parts), comes=((TEXT, data),))]


def fragmented(parts: list[bytes]) -> list[Frame]:
    """A text message, a frame a part."""
    opcodes = (TEXT if number == 0 else CONTINUATION for number in count())
    last = len(parts) - 1
    return [
        Frame(opcode, part, fin=number == last)
        for number, (opcode, part) in enumerate(zip(opcodes, parts, strict=False))
    ]
