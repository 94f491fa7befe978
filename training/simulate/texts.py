"""What people say: a place, a matter, since when and what they want, each in a voice of its own, with slips."""

import random
from collections import deque
from collections.abc import Callable, Sequence
from datetime import date
from itertools import accumulate
from typing import NamedTuple, TypeVar

from training.simulate.city import City, Estate, Matter
from training.simulate.seasons import new_words_share

_T = TypeVar("_T")
_AGAIN = 0.03  # of what is said was said before, nearly in the same words
_REMEMBERED = 300
_NEWER = {
    "电动车": "小电驴",
    "物业": "物管",
    "外卖": "骑手餐",
    "烧烤摊": "网红烧烤车",
    "健身房": "健身工作室",
    "网约车": "聚合平台打的车",
    "共享单车": "小蓝车",
    "公交车": "大巴",
    "手机": "小程序",
    "培训机构": "托管工作室",
    "垃圾桶": "分类亭",
    "停车场": "智慧泊位",
    "广场舞": "坝坝舞",
    "超市": "仓储店",
}
_SLIPS = (("的", "地"), ("在", "再"), ("吗", "嘛"), ("停", "亭"), ("没有", "木有"), ("已经", "以经"), ("反映", "反应"))
_SINCE = (
    *(
        "最近一个星期",
        "从上个月开始",
        "已经三天了",
        "每天晚上",
        "今天早上六点多",
        "这两天",
        "连续好几个周末",
        "半年多了",
    ),
    *("昨天夜里", "放假这几天", "国庆以后", "从搬来那天起", "前天下午", "一到周末", "打过两次电话", ""),
)
_WISHES = (
    *("希望尽快解决", "影响居民休息", "之前反映过没有结果", "老人和孩子都受不了", "请安排人来看看", "要求书面答复"),
    *("希望有人管一管", "盼回复", "别再互相推了", "请给个说法", "多久能处理", "谢谢", "邻居们都有意见", ""),
)
_CALLERS = ("市民", "居民", "业主", "租户", "网友", "游客", "家长", "一位老人")
_ANGRY = ("到底有没有人管", "打了多少次电话了", "我真是无语了", "再不处理我就找媒体", "你们就知道登记")
_POLITE = ("您好，打扰了", "麻烦您了", "辛苦了，想反映一下", "不好意思又来麻烦")
_ASKED = ("找哪个部门", "归谁管", "该怎么办", "什么时候能处理")
_OURS = ("俺是", "我们家住", "咱就是")
_LETTER = ("尊敬的领导", "市长您好", "您好，我是这里的住户", "有关部门")
_DIALECT = (("什么", "啥"), ("这里", "这疙瘩"), ("我们", "俺们"), ("没有", "没得"), ("怎么", "咋个"), ("晚上", "黑了"))
_SIDES = ("", "北门", "南门", "东侧", "西侧", "门口", "对面", "后面那条路", "中心花园", "地下车库")


class _Parts(NamedTuple):
    place: str
    said: str
    detail: str
    since: str
    wish: str


_Say = Callable[[random.Random, _Parts], str]


def _summary(draw: random.Random, of: _Parts) -> str:
    return f"{_one(draw, _CALLERS)}来电反映：{of.place}{of.since}{of.said}，{of.detail}，{of.wish}。"


def _question(draw: random.Random, of: _Parts) -> str:
    return f"请问{of.place}{of.said}，{of.detail}，{_one(draw, _ASKED)}？"


def _angry(draw: random.Random, of: _Parts) -> str:
    return f"{_one(draw, _ANGRY)}！{of.place}{of.said}，{of.since}{of.detail}！{of.wish}！"


def _letter(draw: random.Random, of: _Parts) -> str:
    told = f"{of.place}{of.since}的情况是{of.said}，{of.detail}"
    return f"{_one(draw, _LETTER)}：{told}。我们多次向社区反映，{of.wish}。"


def _typo(draw: random.Random, of: _Parts) -> str:
    right, wrong = _one(draw, _SLIPS)
    text = f"{of.place} {of.said} {of.since}{of.detail} {of.wish}".replace(right, wrong)
    at = int(draw.random() * len(text))
    return text[:at] + text[at : at + 1] * 2 + text[at + 1 :]


def _dialect(draw: random.Random, of: _Parts) -> str:
    text = f"{_one(draw, _OURS)}{of.place}的，{of.said}，{of.since}{of.detail}，{of.wish}嘛。"
    for plain, spoken in _DIALECT:
        text = text.replace(plain, spoken)
    return text


def _polite(draw: random.Random, of: _Parts) -> str:
    return f"{_one(draw, _POLITE)}，{of.place}{of.said}，{of.since}{of.detail}，{of.wish}，非常感谢。"


def _short(draw: random.Random, of: _Parts) -> str:
    return f"{of.place}{of.said}{'，' + of.detail if draw.random() < 0.5 else ''}"


VOICES: dict[str, tuple[int, _Say]] = {
    "summary": (34, _summary),
    "question": (9, _question),
    "angry": (13, _angry),
    "letter": (8, _letter),
    "typo": (11, _typo),
    "dialect": (6, _dialect),
    "polite": (9, _polite),
    "short": (10, _short),
}
_SAYS = tuple(say for _, say in VOICES.values())
_OFTEN = tuple(accumulate(weight for weight, _ in VOICES.values()))


class Texts:
    """The talk of a city; `draw` decides who says what, so that the same draws say the same."""

    def __init__(self, city: City, draw: random.Random) -> None:
        self._draw = draw
        self._newer = {id(one): _newer(one) for one in city.matters}
        self._recent: deque[tuple[Matter, Estate, str]] = deque(maxlen=_REMEMBERED)
        self._story = city.story
        self._day, self._share = date.min, 0.0

    def say(self, matter: Matter, estate: Estate, day: date) -> tuple[Matter, Estate, str]:
        """Return what somebody says of a matter, or somebody says again of one that was told lately."""
        draw = self._draw
        if day is not self._day:
            self._day, self._share = day, new_words_share(self._story, day)
        if draw.random() < _AGAIN and self._recent:
            matter, estate, text = self._recent[int(draw.random() * len(self._recent))]
            return matter, estate, f"{text.rstrip('。！？')}，{_one(draw, _WISHES[:-1])}。"
        listed = matter.said
        if draw.random() < self._share:
            listed = self._newer[id(matter)]
        voice = draw.choices(_SAYS, cum_weights=_OFTEN)[0]
        place = _place(draw, estate)
        said, detail = _one(draw, listed), _one(draw, matter.details)
        text = voice(draw, _Parts(place, said, detail, _one(draw, _SINCE), _one(draw, _WISHES)))
        text = text.replace("，，", "，").replace("，。", "。").replace("！！", "！")
        self._recent.append((matter, estate, text))
        return matter, estate, text


def _place(draw: random.Random, estate: Estate) -> str:
    """Name an estate as somebody would: in full, by itself, not at all, or in the street that they take it to be in."""
    district, street = estate.believed
    how = draw.random()
    if how < 0.06:
        return "我们这里"
    side = _one(draw, _SIDES)
    if how < 0.4:
        return f"{district}{street}{estate.name}{side}"
    if how < 0.55:
        return f"{street}{estate.name}{int(draw.random() * 40) + 1}号楼{side}"
    if how < 0.75:
        return f"{district}{estate.name}{side}"
    if how < 0.85:
        return f"{estate.community}{estate.name}{side}"
    return f"{estate.name}{side}"


def _newer(matter: Matter) -> tuple[str, ...]:
    said = matter.said
    for word, newer in _NEWER.items():
        said = tuple(phrase.replace(word, newer) for phrase in said)
    return said


def _one(draw: random.Random, listed: Sequence[_T]) -> _T:
    return listed[int(draw.random() * len(listed))]
