"""A mode's credit as arithmetic that a reader can follow with a calculator. Pure, standard library only.

Every formula holds for the numbers as they are printed: `=` exactly, `≈` rounded half up at the digits shown. A number
without an end is shown with as many digits as the last step needs to come to the credit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from .calculation import ModeLine, round_half_up
from .policy import Rule

EXACT_PLACES = 6
"""Decimals up to which a number is shown exactly."""
PLACES = range(4, 19)
"""Decimals tried, in order, for a number without an end."""


@dataclass(frozen=True)
class ArithmeticStep:
    """A sentence, and its formula where there is something to compute."""

    words: str
    formula: str = ""


def steps(line: ModeLine) -> list[ArithmeticStep]:
    """Explain step by step how a mode's credit comes about."""
    if line.rule is None:
        return [
            ArithmeticStep(f"No setting of Fraud Guard covers these {line.attempts:,} attempts: no credit, for review.")
        ]
    if not line.attempts:
        return [ArithmeticStep(f"Nothing went through; {line.blocked:,} attempts were blocked: no credit.")]
    if line.rule.refund == 0:
        charged = money(line.charged)
        return [ArithmeticStep("Nothing is refunded in this mode.", f"0 × {charged} = 0.00")]
    return [*_missed_steps(line, line.rule), *_money_steps(line, line.rule)]


def total_formula(lines: Iterable[ModeLine]) -> str:
    """The credit as the sum of the modes' credits."""
    amounts = [line.credit for line in lines]
    if not amounts:
        return "0.00"
    return f"{' + '.join(f'{amount:,}' for amount in amounts)} = {sum(amounts, Decimal('0.00')):,}"


def money(amount: Fraction | Decimal) -> str:
    """USD with at least two decimals, and more where the amount has them: 4,948.80, 0.1234; rounded at six."""
    return number(Fraction(amount), at_least=2)


def cents(amount: Fraction | Decimal) -> str:
    """USD to the cent, half a cent up, for amounts of 0 and more."""
    return f"{round_half_up(Fraction(amount)):,}"


def percent(share: Fraction) -> str:
    """60 %, 12.5 %."""
    return f"{number(share * 100)} %"


def number(value: Fraction, *, at_least: int = 0, at_most: int = EXACT_PLACES) -> str:
    """Decimal text with thousands separators: no more decimals than it takes, rounded half up at `at_most`."""
    digits = f"{_rounded(abs(value), at_most):,.{at_most}f}".rstrip("0") if at_most else f"{_rounded(abs(value), 0):,}"
    whole, _, decimals = digits.partition(".")
    decimals = decimals.ljust(at_least, "0")
    sign = "−" if value < 0 and (whole.strip("0,") or decimals.strip("0")) else ""
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


def _missed_steps(line: ModeLine, rule: Rule) -> Iterable[ArithmeticStep]:
    everything = line.attempts + line.blocked
    target = rule.target * everything
    yield ArithmeticStep(
        "Attempts that went through, and those that Fraud Guard blocked:",
        f"{line.attempts:,} + {line.blocked:,} = {everything:,}",
    )
    yield ArithmeticStep(
        f"In this mode Fraud Guard is to block {percent(rule.target)} of them:",
        f"{number(rule.target)} × {everything:,} = {number(target)}",
    )
    missed = target - line.blocked
    words = "So many of those that went through it should have blocked as well:"
    if missed < 0:
        words = "It blocked more than that, so nothing of what went through is refunded (0, not less):"
    yield ArithmeticStep(words, f"{number(target)} − {line.blocked:,} = {number(missed)}")


def _money_steps(line: ModeLine, rule: Rule) -> Iterable[ArithmeticStep]:
    missed = line.share * line.attempts
    amount = f"{number(rule.refund)} × {number(missed)} ÷ {line.attempts:,} × {money(line.charged)}"
    ceiling, cost = _ceiling(line, rule)
    entitled = _entitled(line, ceiling)
    yield ArithmeticStep(
        f"Their part of what was charged, of which {percent(rule.refund)} is refunded:",
        _equation(amount, entitled, exact=entitled == line.entitled),
    )
    if ceiling is None:
        if entitled != line.credit:
            yield ArithmeticStep("To the cent:", _equation(_long(entitled), Fraction(line.credit), exact=False))
        return
    yield ArithmeticStep(
        f"At most what is left of the charge after {percent(rule.cost_kept)} of what providers charged"
        + (" (less than nothing counts as 0):" if ceiling < 0 else ":"),
        f"{money(line.charged)} − {number(rule.cost_kept)} × {cost} = {_long(ceiling)}",
    )
    smaller = min(entitled, max(ceiling, Fraction(0)))
    yield ArithmeticStep(
        "The smaller one of the two, to the cent:",
        _equation(
            f"smaller of {_long(entitled)} and {_long(max(ceiling, Fraction(0)))}",
            Fraction(line.credit),
            exact=smaller == line.credit,
        ),
    )


def _ceiling(line: ModeLine, rule: Rule) -> tuple[Fraction | None, str]:
    """Return the ceiling computed from the numbers shown, and the provider cost shown; None if no ceiling applies."""
    if line.ceiling is None or (rule.cost_kept == 0 and line.entitled <= line.charged):
        return None, ""
    cost = line.provider_cost or Fraction(0)
    for places in (EXACT_PLACES, *PLACES):
        shown = _rounded(cost, places)
        ceiling = line.charged - rule.cost_kept * Fraction(shown)
        if round_half_up(max(ceiling, Fraction(0))) == round_half_up(line.ceiling):
            break
    return ceiling, number(Fraction(shown), at_least=2, at_most=max(EXACT_PLACES, places))


def _entitled(line: ModeLine, ceiling: Fraction | None) -> Fraction:
    """Return the refund before the ceiling, exact or with as many digits as the credit needs."""
    if _rounded(line.entitled, EXACT_PLACES) == line.entitled:
        return line.entitled
    for places in PLACES:
        shown = Fraction(_rounded(line.entitled, places))
        smaller = shown if ceiling is None else min(shown, max(ceiling, Fraction(0)))
        if round_half_up(smaller) == line.credit:
            return shown
    return line.entitled


def _equation(left: str, right: Fraction, *, exact: bool) -> str:
    return f"{left} {'=' if exact else '≈'} {_long(right)}"


def _long(value: Fraction) -> str:
    """Write a number with all of its decimals, if they end."""
    return number(value, at_least=2, at_most=PLACES[-1])


def _rounded(value: Fraction, places: int) -> Decimal:
    """Round half up; for values of 0 and more."""
    scaled = int(value * 10**places + Fraction(1, 2))
    return Decimal(f"{scaled}e-{places}")
