"""Passwords that everybody thinks of first: usual words with figures around them, runs of keys, dates."""

from __future__ import annotations

import re

_WORDS = frozenset({
    "abc", "abcd", "abcde", "abcdef", "abcdefg", "admin", "administrator", "aini", "asdf", "asdfgh",
    "asdfghjkl", "asdzxc", "bangong", "beijing", "changeme", "china", "chongqing", "dragon", "gongan",
    "guangdong", "guanliyuan", "guicheng", "guichengdemo", "hello", "huanying", "iloveyou", "jiayou",
    "letmein", "login", "master", "mima", "neimenggu", "nihao", "passw", "password", "passwort", "pwd",
    "qaz", "qazwsx", "qazwsxedc", "qwe", "qweasd", "qweasdzxc", "qwer", "qwert", "qwerty", "qwertyuiop",
    "root", "shanghai", "shenpi", "system", "test", "tiananmen", "user", "welcome", "woaini",
    "woainizhongguo", "wodemima", "xitong", "yonghu", "zaqwsx", "zhengfu", "zhongguo", "zxc", "zxcv",
    "zxcvb", "zxcvbn", "zxcvbnm",
})  # fmt: skip
_RUNS = ("01234567890123456789", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm",
         "1q2w3e4r5t6y7u8i9o0p", "1qaz2wsx3edc4rfv5tgb6yhn7ujm")  # fmt: skip
_DATE = re.compile(r"(19|20)\d{2}(0?[1-9]|1[0-2])(0?[1-9]|[12]\d|3[01])")
_LOOKS_LIKE = str.maketrans("0@13457$!", "oaleastsi")


def is_usual(password: str) -> bool:
    """Whether somebody who guesses would try it early."""
    plain = re.sub(r"[\W_]", "", password.casefold())
    letters = re.sub(r"[^a-z]", "", plain)
    without_end = re.sub(r"[\d\W_]+$", "", password.casefold())
    shifted = re.sub(r"[^a-z]", "", without_end.translate(_LOOKS_LIKE))
    if plain.isascii() and (letters in _WORDS or shifted in _WORDS):
        return True
    if any(plain in run or plain in run[::-1] for run in _RUNS):
        return True
    half = len(plain) // 2
    if half and len(plain) % 2 == 0 and plain[:half] == plain[half:]:
        return True
    return bool(_DATE.fullmatch(plain)) or bool(plain.isdigit() and len(plain) == 11 and plain[0] == "1")
