"""云岭市, a city that does not exist, and the orders that its hotline closed.

Everything is drawn by a seeded generator from the phrases below: nobody lives there, and nobody said any of it.
"""

import csv
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from triage.domain import Closure

FIRST_DAY = date(2031, 3, 1)
STREETS = {
    "枫桥街道": "东湖区",
    "柳岸街道": "东湖区",
    "松风街道": "西山区",
    "石鼓镇": "西山区",
    "莲塘街道": "南苑区",
}
OFFICES = {
    street: f"{district}{street}{'人民政府' if street.endswith('镇') else '办事处'}"
    for street, district in STREETS.items()
}
WATER, BUS = "云岭市清泉水务有限公司", "云岭市公共交通集团有限公司"
TRAFFIC, MARKET = "云岭市公安局交通警察支队", "云岭市市场监督管理局"
UNITS = (
    *(WATER, BUS, TRAFFIC, MARKET),
    *("东湖区城市管理局", "西山区城市管理局", "南苑区城市管理局", "东湖区住房和城乡建设局", "西山区住房和城乡建设局"),
    *OFFICES.values(),
)
HEADER = (
    *("工单编号", "受理时间", "诉求内容", "处置单位", "一级分类", "二级分类", "三级分类"),
    *("辖区", "镇街", "诉求类型", "办结汇报"),
)
_SPEAKERS = ("市民来电反映：", "市民反映：", "居民投诉：", "")
_ESTATES = ("春晓花园", "望山雅苑", "金穗小区", "碧波家园", "梧桐里", "东方新寓", "学府名居", "紫云公馆")
_ROADS = ("青禾路", "望湖路", "文昌街", "兴业大道", "桃源路", "环山路")
_SINCE = ("最近一个星期", "从上个月开始", "已经三天了", "每天晚上", "今天早上六点多", "入冬以来", "连续好几个周末")
_WISHES = (
    "希望尽快解决。",
    "影响居民休息。",
    "之前反映过没有结果。",
    "老人和孩子都受不了。",
    "",
    "咨询多久能有人来看。",
)
_SLIP = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """Something people call about: its topic before and after the tree was renamed, and how they put it."""

    topic: tuple[str, str, str]
    renamed: tuple[str, str, str]
    said: tuple[str, ...]
    details: tuple[str, ...]

    def unit(self, street: str) -> str:
        district, leaf = STREETS[street], self.topic[2]
        if leaf in {"占道经营", "垃圾清运"}:
            return f"{district}城市管理局"
        if leaf == "房屋漏水" and district != "南苑区":
            return f"{district}住房和城乡建设局"
        of_city = {"自来水停水": WATER, "公交候车": BUS, "机动车违停": TRAFFIC, "消费退款": MARKET}
        return of_city.get(leaf, OFFICES[street])


MATTERS = (
    Matter(
        topic=("城市管理", "市容", "占道经营"),
        renamed=("城市运行", "街面秩序", "占道经营"),
        said=("烧烤摊占道经营", "流动商贩占用人行道摆摊", "水果摊把盲道占满", "夜市摊位摆到马路上"),
        details=("油烟很大", "叫卖声很吵", "行人只能走到车道上", "收摊后满地油污"),
    ),
    Matter(
        topic=("城市管理", "环卫", "垃圾清运"),
        renamed=("城市运行", "环境卫生", "垃圾清运"),
        said=("垃圾桶满了没有人清运", "生活垃圾堆放在路边", "垃圾站外面堆成小山", "建筑垃圾一直没有清理"),
        details=("发出恶臭", "招来很多苍蝇", "污水流了一地", "野狗把袋子翻开"),
    ),
    Matter(
        topic=("住房", "房屋", "房屋漏水"),
        renamed=("居住服务", "房屋质量", "房屋漏水"),
        said=("新交付的房子屋顶漏水", "卧室墙面渗水发霉", "开发商交房后外墙渗漏", "卫生间楼板漏水"),
        details=("维修了两次还在漏", "墙皮大片脱落", "开发商推脱不修", "家具都泡坏了"),
    ),
    Matter(
        topic=("住房", "物业", "物业服务"),
        renamed=("居住服务", "小区管理", "物业服务"),
        said=("物业不打扫楼道", "楼道里堆满杂物", "小区门禁坏了没人管", "电梯经常停运而物业不修"),
        details=("保安晚上不在岗", "物业费却照收", "业主群里没有人回应", "消防通道被堵住"),
    ),
    Matter(
        topic=("公用事业", "供水", "自来水停水"),
        renamed=("市政公用", "水务", "自来水停水"),
        said=("家里自来水停水", "水龙头流出黄水", "自来水水压太低", "水表读数不对多收水费"),
        details=("没有收到停水通知", "打水务热线没人接", "三楼以上没有水", "水里有泥沙"),
    ),
    Matter(
        topic=("交通", "公交", "公交候车"),
        renamed=("出行", "公共交通", "公交候车"),
        said=("公交车等了四十分钟不来", "公交司机到站不停车", "末班公交提前收班", "公交站牌信息不准"),
        details=("上班迟到", "车上空调不开", "候车亭没有座位", "刷卡机多扣了钱"),
    ),
    Matter(
        topic=("交通", "停车", "机动车违停"),
        renamed=("出行", "道路秩序", "机动车违停"),
        said=("机动车在路口违停", "私家车停在斑马线上", "大货车占用非机动车道停放", "路边违停车辆没人贴条"),
        details=("早晚高峰堵得厉害", "挡住了红绿灯", "电动车只能逆行", "差点发生车祸"),
    ),
    Matter(
        topic=("市场", "消费", "消费退款"),
        renamed=("营商", "消费维权", "消费退款"),
        said=("健身房关门不退卡费", "超市买到过期牛奶", "商家拒绝退款", "美容店强制办卡消费"),
        details=("商家电话打不通", "有付款截图", "要求三倍赔偿", "合同写着可以退"),
    ),
)


def closures(
    count: int = 400, *, seed: int = 7, days: int = 61, changed_on: date | None = None, first: date = FIRST_DAY
) -> list[Closure]:
    """Draw closed orders over `days` from `first` on; from `changed_on` on they bear the renamed topics."""
    draw = random.Random(seed)
    return [_closure(draw, at, first + timedelta(days=at * days // count), changed_on) for at in range(count)]


def _closure(draw: random.Random, at: int, day: date, changed_on: date | None) -> Closure:
    matter, street = draw.choice(MATTERS), draw.choice(list(STREETS))
    district = STREETS[street]
    place = draw.choice((f"{district}{street}", street, district, f"{district}{draw.choice(_ROADS)}"))
    text = (
        f"{draw.choice(_SPEAKERS)}{place}{draw.choice(_ESTATES)}{draw.randint(1, 40)}号{draw.choice(_SINCE)}"
        f"{draw.choice(matter.said)}，{draw.choice(matter.details)}，{draw.choice(_WISHES)}"
    )
    slipped = draw.random() < _SLIP
    return Closure(
        id=f"YL{at:05}",
        text=text,
        unit=draw.choice(UNITS) if slipped else matter.unit(street),
        topic=matter.renamed if changed_on and day >= changed_on else matter.topic,
        opened_on=day,
        district=district,
        street=street,
        kind=draw.choice(("投诉", "咨询", "求助")),
    )


def write_csv(path: Path, rows: Iterable[Closure], *, encoding: str = "utf-8", header: Sequence[str] = HEADER) -> Path:
    """Write closed orders as the hotline's system exports them: the closing report tells who acted, as it would."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for row in rows:
            day = row.opened_on.strftime("%Y/%m/%d 08:30:00") if row.opened_on else ""
            levels = (*row.topic, "", "", "")[:3]
            report = f"{row.unit}已到现场处理"
            writer.writerow((row.id, day, row.text, row.unit, *levels, row.district, row.street, row.kind, report))
    return path
