"""What people type, and numbers that are made up but add up."""

from datetime import date

from hypothesis import strategies as st

from triage.text.digits import identity_check, luhn_holds

# Everything that a str can hold, lone surrogates and NUL included.
anything = st.text(alphabet=st.characters(codec=None), max_size=60)

HAN = [chr(point) for point in range(0x4E00, 0x9FA6)]
SIGNS = list("，。：；！？、（）《》〔〕“”…—")
FREQUENT = list("我家住在小区楼下的路灯坏了请派人来修电话号码噪音扰民市民反映物业不管停水电梯公交车站违章建筑")
chinese = st.text(alphabet=st.sampled_from(FREQUENT * 200 + HAN + SIGNS * 50), max_size=60)


def figures(length: int) -> st.SearchStrategy[str]:
    return st.text(alphabet="0123456789", min_size=length, max_size=length)


mobiles = st.builds(lambda second, rest: f"1{second}{rest}", st.sampled_from("3456789"), figures(9))
birthdays = st.dates(min_value=date(1930, 1, 1), max_value=date(2020, 1, 1))


def generated_identity(region: str, birthday: str, order: str) -> str:
    seventeen = region + birthday + order
    return seventeen + identity_check(seventeen)


identities = st.builds(
    lambda region, day, order: generated_identity(f"46{region}", f"{day:%Y%m%d}", order),
    figures(4),
    birthdays,
    figures(3),
)


def generated_card(body: str) -> str:
    return next(body + last for last in "0123456789" if luhn_holds(body + last))


cards = st.integers(15, 18).flatmap(lambda length: figures(length - 4)).map(lambda rest: generated_card("6222" + rest))
plates = st.builds(
    lambda province, letter, serial: f"{province}{letter}{serial}",
    st.sampled_from("京沪琼粤"),
    st.sampled_from("ABCDEFGH"),
    figures(5),
)
personal = st.one_of(mobiles, identities, cards, plates)

# A text with personal data somewhere in the middle, as (before, personal, after).
appeals = st.tuples(chinese, personal, chinese)
