"""Which words of a device's name carry its identity, and which only accompany it."""

from __future__ import annotations

import re

from hardware_catalog.names.normalise import word_set

# Never part of the identity: makers whose products are told apart by the rest, and what the thing is.
FILLER = word_set(
    """
    nvidia geforce amd ati intel apple google samsung qualcomm microsoft habana corporation corp inc co
    ltd gpu gpus igpu dgpu graphics card cards video edition generation of the a with w and for in on
    running design series board mainboard motherboard machine computer pc node per chip soc smartphone
    phone accelerator device desktop only vga compatible controller 3d display adapter amdgpu compute
    class equivalent version model ed using via my virtualized spx cts 5g 4g lte silicon superchip grace
    modified mod modded custom stock unit each total vram ram memory unified system nvlink pci express
    rack aws asus msi sony motorola server advanced micro devices
    egpu external enclosure dock oculink thunderbolt usb4
    """
)

# Words of a product line. A model number stands for itself without them ("4090"), but they must not contradict.
SERIES = word_set(
    """
    rtx gtx rx radeon quadro tesla instinct arc jetson galaxy ada blackwell ampere turing hopper
    lovelace pascal volta workstation server_edition
    """
)

# Board makers and their product lines; they say nothing about the chip.
BOARD_WORDS = word_set(
    """
    asus msi gigabyte aorus evga zotac palit pny inno3d gainward galax kfa2 manli colorful sapphire xfx
    powercolor asrock maxsun sparkle gunnir lenovo dell hp hpe acer supermicro yeston leadtek founders
    fe oc gaming strix rog tuf dual windforce eagle aero master ventus suprim trio expert gamerock
    gamingpro xlr8 verto epic x ftw3 xc3 xc ultra amp trinity twin edge nitro pulse hellhound reddevil
    devil red merc speedster steel legend phantom challenger taichi turbo blower water watercooled
    cooled liquid passive reference retail refurbished used new ms eco le limited special triple fan
    fans mini itx lp low profile aib headless eff maxperf rev
    """
)

# Mac and iPad product words beside an Apple chip.
MAC_PRODUCT = re.compile(
    r"\b(macbook air|macbook pro|macbook neo|macbook|mac ?studio|mac ?mini|mac ?pro|imac pro|imac|mac)\b"
    r"(?: (1[3-6]|24|27)(?:\.\d)?(?= |$|,))?"
)

CHIP_CODE = re.compile(
    r"^(?:gp10\d|gv100|tu1\d\d|ga10\d|ad10\d|gb20[2-7]|gh100|navi\d\d|gfx\d+|radv)[a-z]{0,3}$"
)
YEAR = re.compile(r"^20(?:1[5-9]|2\d)$")
# Model numbers that name their product line by themselves, so that "pro" and "ai" beside them may be left out.
PRO_NUMBER = re.compile(r"^[wrb]\d{2,4}x?$")

_SPLITS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<=[a-z0-9])\+(?![a-z0-9])"), " plus"),
    (re.compile(r"\bmax\+"), "max plus "),
    (re.compile(r"(?<=\d)tisuper\b"), " ti super"),
    (re.compile(r"\b(ipad (?:pro|air)) (?:1[13]|12\.9|10\.[59])\b"), r"\1"),
    (re.compile(r"\bserver edition\b"), "server_edition"),
    (re.compile(r"\bws\b"), "workstation"),
    (re.compile(r"\b(\d+)(?:st|nd|rd|th)[ -]gen(?:eration)?\b"), r"\1"),
    (re.compile(r"\bgen\. ?(\d+)\b"), r"\1"),
    (
        re.compile(r"\bsm[- ]?([a-z]\d{3})[a-z0-9]{0,2}\b"),
        r"sm_\1",
    ),  # Samsung's model codes, region letters dropped
    (re.compile(r"\brpi ?(?=\d|cm|zero)"), "raspberry pi "),
    (re.compile(r"\bpi(?=[345]\b)"), "pi "),
    (re.compile(r"(?<!raspberry )\bpi (?=\d|cm\d)"), "raspberry pi "),
    (re.compile(r"\b([a-z]{3,}|rx|hx)(\d)"), r"\1 \2"),
    (
        re.compile(r"(\d)(ti|super|xtx|xt|gre|pro|max|ultra|plus|mini|laptop|mobile|sxm|pcie|nvl|s?core)\b"),
        r"\1 \2",
    ),
    (re.compile(r"\b(\d{4})d\b"), r"\1 d"),
    (re.compile(r"\b([a-z])[ -](\d{1,4}[a-z]?)\b(?! ?x)"), r"\1\2"),
)
_WORD = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)?(?:\.\d+)?")


def words(cleaned: str) -> list[str]:
    """The words of a cleaned device text; compounds such as "rtx4090", "7900xtx", "fold4" are taken apart."""
    for pattern, replacement in _SPLITS:
        cleaned = pattern.sub(replacement, cleaned)
    return _WORD.findall(cleaned)


def classify(found: list[str]) -> tuple[frozenset[str], frozenset[str]]:
    """(identity words, series words) of a device's words.

    Without any number the series words are the identity ("TITAN RTX").
    """
    numbers = any(any(c.isdigit() for c in word) for word in found)
    self_named = any(PRO_NUMBER.match(word) for word in found)
    identity: set[str] = set()
    series: set[str] = set()
    sub_brand = not {"poco", "redmi"}.isdisjoint(found)
    for word in found:
        if word in FILLER or CHIP_CODE.match(word) or (sub_brand and word == "xiaomi"):
            continue
        if numbers and (word in SERIES or (self_named and word in ("pro", "ai"))):
            series.add(word)
        else:
            identity.add(word)
    return frozenset(identity), frozenset(series)
