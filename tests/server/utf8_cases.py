"""The Autobahn testsuite's section 6: text in UTF-8, after Markus Kuhn's UTF-8 decoder stress test."""

from __future__ import annotations

from tests.server.autobahn_cases import INVALID_DATA, Case, fails, fragmented, passes
from tests.server.raw_websocket import TEXT, Frame

GREEK = bytes.fromhex("cebae1bdb9cf83cebcceb5")  # κόσμε, with an accent of three bytes
MIXED = "Hello-µ@ßöäüàá-UTF-8!!".encode()
SURROGATE = GREEK + b"\xed\xa0\x80" + b"edited"
OUT_OF_RANGE = GREEK + b"\xf4\x90\x80\x80" + b"edited"
WHOLE_PREFIXES = (2, 5, 7, 9, 11)  # of GREEK, that end where a character does


def octets(*texts: str) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


LAST_CONTINUATION_MISSING = octets(
    "c0", "e080", "f08080", "f8808080", "fc80808080", "df", "efbf", "f7bfbf", "fbbfbfbf", "fdbfbfbfbf"
)
SURROGATE_PAIRS = [
    high + low for high in octets("eda080", "edadbf", "edae80", "edafbf") for low in octets("edb080", "edbfbf")
]
NONCHARACTERS = [
    bytes((first, second, 0xBF, last))
    for first in range(0xF0, 0xF5)
    for second in ((0x8F,) if first == 0xF4 else (0x8F, 0x9F, 0xAF, 0xBF))
    if (first, second) != (0xF0, 0x8F)  # overlong
    for last in (0xBE, 0xBF)
]

VALID: dict[int, list[bytes]] = {
    5: [b"hello$world", b"hello\xc2\xa2world", b"hello\xe2\x82\xacworld", b"hello\xf0\xa4\xad\xa2world", GREEK],
    6: [GREEK[:size] for size in WHOLE_PREFIXES],
    7: octets("00", "c280", "e0a080", "f0908080"),  # the first of each length
    9: octets("7f", "dfbf", "efbfbf", "f48fbfbf"),  # the last of each length
    11: octets("ed9fbf", "ee8080", "efbfbd", "f48fbfbf"),  # next to what is not allowed
    22: octets("efbfbe", "efbfbf") + NONCHARACTERS,
    23: octets("efbfb9", "efbfba", "efbfbb", "efbfbc", "efbfbd", "efbfbe", "efbfbf"),  # specials
}
INVALID: dict[int, list[bytes]] = {
    6: [GREEK[:size] for size in range(1, len(GREEK)) if size not in WHOLE_PREFIXES],
    8: octets("f888808080", "fc8480808080"),  # the first of five and of six bytes
    10: octets("f7bfbfbf", "fbbfbfbfbf", "fdbfbfbfbfbf"),  # the last of four, five and six
    11: octets("f4908080"),
    12: octets("80", "bf", "80bf", "80bf80", "80bf80bf", "80bf80bf80")
    + octets("80bf80bf80bf")
    + [bytes(range(0x80, 0xBF))],  # continuation without a start
    13: [
        b"".join(bytes((start, 0x20)) for start in range(first, last))
        for first, last in ((0xC0, 0xDF), (0xE0, 0xEF), (0xF0, 0xF7), (0xF8, 0xFB), (0xFC, 0xFD))
    ],  # starts without a continuation
    14: LAST_CONTINUATION_MISSING,
    15: [b"".join(LAST_CONTINUATION_MISSING)],
    16: octets("fe", "ff", "fefeffff"),  # bytes that never occur
    17: octets("c0af", "e080af", "f08080af", "f8808080af", "fc80808080af"),  # overlong slashes
    18: octets("c1bf", "e09fbf", "f08fbfbf", "f887bfbfbf", "fc83bfbfbfbf"),  # the largest overlong ones
    19: octets("c080", "e08080", "f0808080", "f880808080", "fc8080808080"),  # overlong NULs
    20: octets("eda080", "edadbf", "edae80", "edafbf", "edb080", "edbe80", "edbfbf"),  # single surrogates
    21: SURROGATE_PAIRS,
}


def texts() -> list[Case]:
    """6.1 to 6.4: messages in frames that end anywhere; what is not UTF-8 is refused, however it is cut."""
    cut = [GREEK, b"\xf4\x90\x80\x80", b"edited"]
    early = [OUT_OF_RANGE[:12], OUT_OF_RANGE[12:13], OUT_OF_RANGE[13:]]
    single = [bytes((octet,)) for octet in MIXED]
    return [
        passes("6.1.1", Frame(TEXT), comes=((TEXT, b""),)),
        passes("6.1.2", *fragmented([b"", b"", b""]), comes=((TEXT, b""),)),
        passes("6.1.3", *fragmented([b"", b"middle", b""]), comes=((TEXT, b"middle"),)),
        passes("6.2.1", Frame(TEXT, MIXED), comes=((TEXT, MIXED),)),
        passes("6.2.2", *fragmented([MIXED[:12], MIXED[12:]]), comes=((TEXT, MIXED),)),
        passes("6.2.3", *fragmented(single), comes=((TEXT, MIXED),)),
        passes("6.2.4", *fragmented([bytes((octet,)) for octet in GREEK]), comes=((TEXT, GREEK),)),
        fails("6.3.1", Frame(TEXT, SURROGATE), code=INVALID_DATA),
        fails("6.3.2", *fragmented([bytes((octet,)) for octet in SURROGATE]), code=INVALID_DATA),
        fails("6.4.1", *fragmented(cut), code=INVALID_DATA),
        fails("6.4.2", *fragmented(early), code=INVALID_DATA),
        Case("6.4.3", (Frame(TEXT, OUT_OF_RANGE),), (), INVALID_DATA, chop=len(GREEK) + 6),
        Case("6.4.4", (Frame(TEXT, OUT_OF_RANGE),), (), INVALID_DATA, chop=12 + 6),
    ]


def sequences() -> list[Case]:
    """6.5 to 6.23; in a section, those that are right come first, as in the suite but for 6.6."""
    cases = []
    for section in sorted({*VALID, *INVALID}):
        right, wrong = VALID.get(section, []), INVALID.get(section, [])
        for number, data in enumerate(right + wrong, 1):
            name = f"6.{section}.{number}"
            if number <= len(right):
                cases.append(passes(name, Frame(TEXT, data), comes=((TEXT, data),)))
            else:
                cases.append(fails(name, Frame(TEXT, data), code=INVALID_DATA))
    return cases
