# ruff: noqa: RUF001 - the ambiguous characters are the ones people type
"""How English says what isn't spelled as words: numbers, money, dates, times, addresses, abbreviations."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from num2words import num2words

_BLOCK_MARKS = re.compile(r"^(?:#{1,6}|>+|[-*+•]|\|+|```\w*|~~~\w*|-{3,}|={3,})$")  # at the start of a line
_ITEM_NUMBER = re.compile(r"^\d{1,2}[.)]$")
_MARKS = re.compile(r"^(?:\|+|```\w*|~~~\w*|-+|\*+|={3,}|_+)$")  # anywhere
_LINK = re.compile(r"\]\((?:[^()\s]|\([^()\s]*\))*\)?")
_OPENERS, _CLOSERS = "\"'“‘([{«*_`~<|#>", "\"'”’)]}»*_`~>|"
_TRAILING = re.compile(r"[,;:.!?…。！？，；：、]+$")
_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_MONTH_NAMES = frozenset(name.lower() for name in _MONTHS) | {name[:3].lower() for name in _MONTHS}
_DOMAINS = [
    "ai",
    "app",
    "co",
    "com",
    "dev",
    "edu",
    "eu",
    "fr",
    "de",
    "es",
    "gov",
    "info",
    "io",
    "it",
    "jp",
    "me",
    "net",
    "nl",
    "org",
    "tv",
    "uk",
    "us",
]
_URL = re.compile(
    rf"(?i)^(?:[a-z][a-z0-9+.-]*://)?(?:[\w.-]+@)?(?:[\w-]+\.)+(?:{'|'.join(_DOMAINS)})(?::\d+)?(?:[/?#]\S*)?$"
    r"|^[a-z][a-z0-9+.-]*://\S+$|^www\.\S+$"
)
_ABBREVIATIONS = {
    "dr.": "doctor",
    "mr.": "mister",
    "mrs.": "missus",
    "ms.": "miz",
    "prof.": "professor",
    "st.": "saint",
    "jr.": "junior",
    "sr.": "senior",
    "vs.": "versus",
    "vs": "versus",
    "etc.": "et cetera",
    "e.g.": "for example",
    "i.e.": "that is",
    "approx.": "approximately",
    "dept.": "department",
    "a.m.": "A M",
    "p.m.": "P M",
    "w/": "with",
    "w/o": "without",
}
_SYMBOLS = {"&": "and", "+": "plus", "=": "equals", "%": "percent", "@": "at", "°": "degrees", "×": "times"}
_SYMBOLS |= {"÷": "divided by", "±": "plus or minus", "≈": "about", "≤": "at most", "≥": "at least"}
_SYMBOLS |= {"→": "to", "€": "euros", "£": "pounds", "¥": "yen", "$": "dollars"}
_MONEY = {
    "$": ("dollar", "cent"),
    "€": ("euro", "cent"),
    "£": ("pound", "penny"),
    "¥": ("yen", ""),
    "₹": ("rupee", "paisa"),
}
_PLURALS = {"penny": "pence", "yen": "yen", "paisa": "paise", "foot": "feet", "inch": "inches"}
_UNITS = {
    "mm": "millimeter", "cm": "centimeter", "m": "meter", "km": "kilometer", "ft": "foot", "mi": "mile",
    "mg": "milligram", "g": "gram", "kg": "kilogram", "oz": "ounce", "lb": "pound", "lbs": "pound",
    "ml": "milliliter", "l": "liter", "ms": "millisecond", "s": "second", "min": "minute", "h": "hour",
    "hz": "hertz", "khz": "kilohertz", "w": "watt", "kw": "kilowatt", "kb": "kilobyte", "mb": "megabyte",
    "gb": "gigabyte", "tb": "terabyte", "°": "degree", "°c": "degree Celsius", "°f": "degree Fahrenheit",
    "mph": "mile per hour",
}  # fmt: skip
_SCALES = ("hundred", "thousand", "million", "billion", "trillion")
_CAMEL_CASE = re.compile(r"(?<![\w'-])[a-z]+(?:[A-Z][a-z]+)+(?![\w'-])")
_AGREEING = re.compile(r"(?i)m+-?h+m+")  # mm-hmm, mhm
_HUMMING = re.compile(r"(?i)m{2,}|h+m+")  # mm, hm, hmm
_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_LONGEST_NUMBER = 15  # digits; longer ones are read digit by digit


@dataclass(frozen=True, slots=True)
class Context:
    """The written tokens just before and after, empty at the ends of the text, and the place in the line."""

    before: str
    after: str
    starts_line: bool


Rule = Callable[[str, Context], str | None]


def spoken_form(part: str, context: Context, rules: Sequence[Rule]) -> str:
    """What is said for one written token; pause marks at its end are kept, other marks dropped."""
    if _MARKS.match(part) or (context.starts_line and _BLOCK_MARKS.match(part)):
        return ""
    body = _LINK.sub("", part) if "](" in part else part
    body, tail = _peel(
        unicodedata.normalize("NFKC", body.replace("…", "...").replace("—", ", ").replace("–", "-"))
    )
    if rules and tail.startswith("."):
        said = _abbreviation(f"{body}.", context)
        if said is not None:
            return said + tail[1:]
    for rule in rules:
        said = rule(body, context)
        if said is not None:
            return said + tail
    return body.replace("_", " ") + tail


def starts_block(part: str) -> bool:
    """Is ``part``, first in its line, the mark of a heading, quotation or list item?"""
    return bool(_BLOCK_MARKS.match(part) or _ITEM_NUMBER.match(part))


def _peel(part: str) -> tuple[str, str]:
    """Strip quotes, brackets and markup from both ends; give the pause marks at the end separately."""
    tail = ""
    while part:
        stripped = part.lstrip(_OPENERS).rstrip(_CLOSERS)
        marks = _TRAILING.search(stripped)
        if marks:
            tail = marks.group() + tail
            stripped = stripped[: marks.start()]
        if stripped == part:
            break
        part = stripped
    return part, tail


def _abbreviation(part: str, context: Context) -> str | None:
    found = _ABBREVIATIONS.get(part.lower())
    if found is not None:
        return found
    if re.fullmatch(r"(?:[A-Za-z]\.){2,}", part):
        return " ".join(part.replace(".", "").upper())
    return None


def _address(part: str, context: Context) -> str | None:
    """A web or mail address, by its parts: "example dot com slash help"."""
    if not _URL.match(part) and not re.fullmatch(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", part):
        return None
    bare = re.sub(r"(?i)^[a-z][a-z0-9+.-]*://", "", part)
    bare = re.sub(r"(?i)^www\.", "", bare)
    bare = re.split(r"[?#]", bare)[0].rstrip("/")
    for mark, word in (
        (".", "dot"),
        ("/", "slash"),
        ("@", "at"),
        ("_", "underscore"),
        (":", "colon"),
        ("-", "dash"),
    ):
        bare = bare.replace(mark, f" {word} ")
    return _words(bare) or None


def _date(part: str, context: Context) -> str | None:
    found = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", part)
    if found:
        year, month, day = (int(group) for group in found.groups())
    else:
        found = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{4})", part)
        if not found:
            return None
        month, day, year = (int(group) for group in found.groups())
    if not (1 <= month <= 12 and 1 <= day <= 31 and year):
        return None
    return f"{_MONTHS[month - 1]} {_say(day, to='ordinal')}, {_year(year)}"


def _time(part: str, context: Context) -> str | None:
    found = re.fullmatch(r"(\d{1,2}):(\d{2})(?::(\d{2}))?([ap]\.?m\.?)?", part, re.IGNORECASE)
    if not found or int(found[1]) > 24 or int(found[2]) > 59:
        return None
    hour, minute = int(found[1]), int(found[2])
    half = found[4] or ""
    after = context.after.lower().replace(".", "")[:2]
    clock = "" if half or after in ("am", "pm") or hour > 12 else "o'clock"
    minutes = clock if not minute else _say(minute) if minute > 9 else f"oh {_say(minute)}"
    if not minute and not clock and hour > 12:
        minutes = "hundred"
    seconds = f"and {_say(int(found[3]))} seconds" if found[3] else ""
    letters = " ".join(half.replace(".", "").upper())
    return " ".join(f"{_say(hour)} {minutes} {seconds} {letters}".split())


def _money(part: str, context: Context) -> str | None:
    found = re.fullmatch(rf"(-?)([$€£¥₹])({_NUMBER})([kKmMbB]|[a-z]*)", part) or re.fullmatch(
        rf"(-?)()({_NUMBER})([€£¥₹])", part
    )
    if not found or _digits(found[3]) > _LONGEST_NUMBER:
        return None
    sign, symbol, amount, suffix = found.groups()
    if not symbol:
        symbol, suffix = suffix, ""
    unit, small = _MONEY[symbol]
    minus = "minus " if sign else ""
    scale = {"k": "thousand", "m": "million", "b": "billion"}.get(suffix.lower(), suffix)
    amount = amount.replace(",", "")
    if scale:
        return f"{minus}{_number(amount)} {scale} {_plural(unit, 2)}"
    if _bare(context.after) in _SCALES:
        return f"{minus}{_number(amount)}"  # the unit follows the scale: "five | million dollars"
    whole, _, fraction = amount.partition(".")
    if len(fraction) not in (0, 2) or (fraction and not small):
        return f"{minus}{_number(amount)} {_plural(unit, 2)}"
    said = f"{_say(int(whole))} {_plural(unit, int(whole))}"
    cents = int(fraction or 0)
    return minus + (said if not cents else f"{said} and {_say(cents)} {_plural(small, cents)}")


def _scale_of_money(part: str, context: Context) -> str | None:
    found = re.fullmatch(rf"-?([$€£¥₹])(?:{_NUMBER})", context.before.lstrip(_OPENERS))
    if not found or part.lower() not in _SCALES:
        return None
    return f"{part} {_plural(_MONEY[found[1]][0], 2)}"


def _quantity(part: str, context: Context) -> str | None:
    """Numbers: with a sign, percent, unit or ordinal ending; years; ranges; fractions; telephone numbers;
    lists of digits.
    """
    found = re.fullmatch(rf"([-−+#~]?)({_NUMBER})(%|[A-Za-z°]+)?", part)
    if found:
        return _signed(found[1], found[2], found[3] or "", context)
    found = re.fullmatch(rf"({_NUMBER})(?:-|to)({_NUMBER})(%|[A-Za-z°]*)", part)
    if found and len(found[1]) < 5 and len(found[2]) < 5 and not (len(found[2]) == 4 and len(found[1]) == 3):
        last = _quantity(found[2] + found[3], context)
        return f"{_number(found[1])} to {last}" if last else None
    found = re.fullmatch(r"(\d{1,2})/(\d{1,2})", part)
    if found:
        names = {("1", "2"): "one half", ("1", "4"): "one quarter", ("3", "4"): "three quarters"}
        return names.get((found[1], found[2]), f"{_say(int(found[1]))} over {_say(int(found[2]))}")
    if re.fullmatch(r"\+?[\d().-]*\d", part) and _digits(part) >= 3:
        if re.fullmatch(r"\d+(?:\.\d+){2,}", part):
            return " point ".join(_number(field) for field in part.split("."))
        return ", ".join(_one_by_one(group) for group in re.findall(r"\d+", part))
    return None


def _signed(sign: str, amount: str, ending: str, context: Context) -> str | None:
    prefix = {"-": "minus ", "−": "minus ", "+": "plus ", "#": "number ", "~": "about "}.get(sign, "")
    plain = amount.replace(",", "")
    low = ending.lower()
    if low in ("st", "nd", "rd", "th") and plain.isdigit() and len(plain) <= _LONGEST_NUMBER:
        return prefix + _say(int(plain), to="ordinal")
    if not ending:
        if (
            not sign
            and plain == amount
            and len(plain) == 4
            and plain.isdigit()
            and 1100 <= int(plain) <= 2099
        ):
            return _year(int(plain))
        day = plain.isdigit() and 1 <= int(plain) <= 31 and _bare(context.before) in _MONTH_NAMES
        return prefix + (_say(int(plain), to="ordinal") if day and not sign else _number(plain))
    if low == "%":
        return f"{prefix}{_number(plain)} percent"
    if low == "s" and len(plain) == 4 and plain.endswith("0"):
        return re.sub(r"y$", "ie", _year(int(plain))) + "s"
    unit = _UNITS.get(low)
    if unit is None or (len(low) == 1 and low not in "mgslhw°"):
        return f"{prefix}{_number(plain)} {ending}"
    head, _, rest = unit.partition(" ")
    return " ".join(f"{prefix}{_number(plain)} {_plural(head, 1 if plain == '1' else 2)} {rest}".split())


def _unit(part: str, context: Context) -> str | None:
    """A unit written apart from its number: "3 km"."""
    unit = _UNITS.get(part.lower()) if len(part) > 1 or part in "mglhW°" else None
    if unit is None or not re.fullmatch(rf"[-−+~]?(?:{_NUMBER})", context.before):
        return None
    head, _, rest = unit.partition(" ")
    return f"{_plural(head, 1 if context.before == '1' else 2)} {rest}".rstrip()


def _hum(part: str, context: Context) -> str | None:
    """What a listener hums, which would be spelt: "mm-hmm" as em, em."""
    if _AGREEING.fullmatch(part):
        return "um-hum"
    return "hmm" if _HUMMING.fullmatch(part) else None


def _symbol(part: str, context: Context) -> str | None:
    return _SYMBOLS.get(part)


def _inside(part: str, context: Context) -> str | None:
    """Whatever else holds digits or symbols between letters: said part by part."""
    if not any(symbol.isdigit() or symbol in _SYMBOLS or symbol in "_/" for symbol in part):
        return None
    return _words(part.replace("/", " slash ").replace("_", " ")) or None


def split_camel_case(said: str) -> str:
    """Variables such as myName are said as their words; McDonald isn't one."""
    return _CAMEL_CASE.sub(lambda match: re.sub(r"(?<=[a-z])(?=[A-Z])", " ", match.group()), said)


def _words(text: str) -> str:
    """Letters stay, digits and symbols become words."""
    said = []
    for run in re.findall(rf"\d+(?:\.\d+){{2,}}|{_NUMBER}|[^\W\d_]+(?:['’-][^\W\d_]+)*|[^\w\s]|\d", text):
        if run.count(".") > 1:
            said.append(" point ".join(map(_number, run.split("."))))
        else:
            said.append(_number(run) if run[0].isdigit() else _SYMBOLS.get(run, run))
    return " ".join(said)


def _number(amount: str) -> str:
    amount = amount.replace(",", "")
    whole, _, fraction = amount.partition(".")
    if not amount.isascii():
        return _one_by_one(amount)
    if len(whole) > _LONGEST_NUMBER or (len(whole) > 1 and whole[0] == "0"):
        said = _one_by_one(whole)
    else:
        said = _say(int(whole))
    return f"{said} point {_one_by_one(fraction)}" if fraction else said


def _one_by_one(digits: str) -> str:
    return " ".join(_say(unicodedata.digit(digit)) for digit in digits if digit.isdigit())


def _year(year: int) -> str:
    return _say(year, to="year") if year >= 1 else _say(year)


def _say(value: int, to: str = "cardinal") -> str:
    return str(num2words(value, lang="en", to=to)).replace(",", "")


def _plural(unit: str, count: int) -> str:
    if count == 1 or unit.endswith("hertz"):
        return unit
    return _PLURALS.get(unit, f"{unit}s")


def _digits(part: str) -> int:
    return sum(symbol.isdigit() for symbol in part)


def _bare(part: str) -> str:
    return part.strip(_OPENERS + _CLOSERS + ".,;:!?").lower()


ENGLISH_RULES: tuple[Rule, ...] = (
    _abbreviation,
    _address,
    _date,
    _time,
    _money,
    _scale_of_money,
    _quantity,
    _unit,
    _hum,
    _symbol,
    _inside,
)
