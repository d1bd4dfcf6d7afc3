"""What a refusal means by its words, where no reason that we know says it (novita-api 1.4, 10).

Texts are not stable, so that these are families of words and no sentences. Everything is in one table: the first row
that fits counts. Words of one family must stand in one clause, so that "insufficient resource, check your balance" is
about the resource.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache


class Meaning(StrEnum):
    """What the words are about."""

    CALLS = "calls"  # too many of them
    MONEY = "money"
    QUOTA = "quota"
    STOCK = "stock"
    KEY = "key"


_LACK = (
    r"(?:insufficient|inadequate|not (?:be )?(?:enough|sufficient)|(?:is|are|too) low|below|less than|lack(?:s|ing)?|"
    r"short(?:age)?|exceed(?:s|ed|ing)?|exhausted|depleted|negative|used up|run(?:s|ning)? out|ran out|out of|"
    r"no (?:more|remaining))"
)
_MONEY = r"(?:balances?|credits?|funds?|budgets?|wallet|money)"
_GPUS = (
    r"(?:resources?|capacity|stock|inventory|gpus?|graphics cards?|cards?|nodes?|machines?|hosts?|products?|"
    r"specs?|specifications?)"
)
_NONE_LEFT = (
    r"(?:sold[- ]out|out of stock|in ?sufficient|not enough|(?:is |are |currently |temporarily )+unavailable|"
    r"(?:not|none|no longer)(?: \w+)? (?:available|free|left)|exhausted|shortage|run(?:s|ning)? out|ran out|"
    r"fully (?:occupied|used|booked|allocated)|all (?:in use|occupied|taken))"
)
_LIMIT = r"(?:limit(?:s|ed)?|maximum|max|cap)"
_HELD = r"(?:instances?|gpus?|accounts?|users?|concurrent|deployments?)"
_PASSED = r"(?:reach(?:es|ed|ing)?|exceed(?:s|ed|ing)?|hit|over|above|surpass(?:es|ed)?|too many)"
_KEY = r"(?:api[- ]?key|access token|authorization)"
_BROKEN = r"(?:invalid|incorrect|wrong|expired|missing|unknown|revoked|disabled)"
_GAP = r"[^.,;:!\n]{0,50}?"  # within one clause


def _near(*parts: str) -> str:
    return r"\b" + rf"\b{_GAP}\b".join(parts) + r"\b"


_TABLE: tuple[tuple[Meaning, str], ...] = (
    (Meaning.CALLS, r"\brate[- ]?limit|\btoo many (?:requests|calls)\b|\btoo (?:fast|frequent)"),
    (Meaning.CALLS, r"\bthrottl(?:ed|ing)\b|\bslow down\b|请求过于频繁"),
    (Meaning.CALLS, _near(r"(?:requests?|calls?|qps|rpm|api)", r"(?:limit|quota)")),
    (Meaning.MONEY, _near(_LACK, _MONEY)),
    (Meaning.MONEY, _near(_MONEY, _LACK)),
    (Meaning.MONEY, _near(r"balances?", r"must be (?:at least|greater|more)")),
    (
        Meaning.MONEY,
        r"\blow balance\b|\bcredit limit\b|\b(?:account|bills?|payments?) (?:is |are )?(?:overdue|unpaid)\b",
    ),
    (Meaning.MONEY, r"\bin arrears\b|\barrearage\b|\b(?:overdue|unpaid) (?:bills?|payments?|invoices?)\b"),
    (Meaning.MONEY, r"\bpayment required\b|\b(?:please|to) (?:top[- ]?up|recharge|add (?:funds|credits?|money))\b"),
    (Meaning.MONEY, r"余额不足|预算不足|欠费"),
    (Meaning.QUOTA, r"\bquotas?\b|配额"),
    (Meaning.QUOTA, _near(_HELD, _LIMIT, _PASSED)),
    (Meaning.QUOTA, _near(_HELD, _PASSED, _LIMIT)),
    (Meaning.QUOTA, _near(_PASSED, _LIMIT, _HELD)),
    (Meaning.QUOTA, _near(_PASSED, _HELD, _LIMIT)),
    (Meaning.QUOTA, _near(_LIMIT, _HELD, _PASSED)),
    (Meaning.QUOTA, r"\btoo many (?:instances|gpus)\b|\boperation limit\b"),
    (Meaning.QUOTA, rf"\b(?:create )?{_HELD}(?: (?:num|number|count))? limit\b"),
    (Meaning.QUOTA, _near(r"(?:can|may) only (?:create|have|run|rent)", _HELD)),
    (Meaning.QUOTA, _near(r"(?:cannot|can ?not|can't) (?:create|have|run|rent)(?: any)? more", _HELD)),
    (Meaning.STOCK, r"\bsold[- ]out\b|\bout of (?:stock|capacity|resources?)\b"),
    (Meaning.STOCK, _near(r"(?:in ?sufficient|not enough|lack(?:s|ing)?(?: of)?|short(?:age)? of|ran out of)", _GPUS)),
    (Meaning.STOCK, _near(r"no", r"(?:free|available|idle|spare|more|enough|suitable|sufficient)", _GPUS)),
    (Meaning.STOCK, _near(r"(?:no|0|zero)", _GPUS, r"(?:available|free|idle|left)")),
    (Meaning.STOCK, _near(r"all", _GPUS, r"(?:busy|in use|occupied|taken|allocated)")),
    (Meaning.STOCK, r"\bno (?:spot |gpu )?(?:stock|capacity|inventory)\b|\bno gpu resources?\b|\bgpu spec used\b"),
    (Meaning.STOCK, _near(r"(?:not|cannot|can't) find (?:an? |any )?(?:available|free|idle|suitable)", _GPUS)),
    (Meaning.STOCK, _near(_GPUS, _NONE_LEFT)),
    (Meaning.STOCK, r"资源不足|库存不足|售罄|已售完|(?:无|没有|暂无)可用(?:的)?(?:资源|显卡|机器|节点)"),
    (Meaning.KEY, rf"\b{_BROKEN} {_KEY}\b"),
    (Meaning.KEY, rf"\b{_KEY} (?:is |has |was |been )*{_BROKEN}\b"),
)
# A field that breaks a rule: its limit is none of the account.
_ABOUT_A_FIELD = re.compile(r"\b(?:invalid|must|validat\w*|param\w*|between|at most|at least)\b", re.IGNORECASE)


@cache
def _rows() -> tuple[tuple[Meaning, re.Pattern[str]], ...]:
    """Compiled with the first refusal: that takes longer than all other patterns of a start."""
    return tuple((meaning, re.compile(pattern, re.IGNORECASE)) for meaning, pattern in _TABLE)


def names_what_is_held(message: str) -> bool:
    """Whether it speaks of instances, GPUs or the account, and not of calls."""
    return re.search(rf"\b{_HELD}\b", message, re.IGNORECASE) is not None


def meaning(reason: str, message: str) -> Meaning | None:
    """What the refusal is about; None where the words do not say. `reason`: UPPER_SNAKE, whose words count, too."""
    text = f"{reason.replace('_', ' ')}. {message}"
    found = next((each for each, pattern in _rows() if pattern.search(text)), None)
    about_a_field = _ABOUT_A_FIELD.search(text) is not None
    return None if found is Meaning.QUOTA and about_a_field and "quota" not in text.lower() else found
