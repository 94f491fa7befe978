"""The words of a report in Chinese and English: headings, figures and what they mean, and what became of orders."""

from collections.abc import Mapping
from typing import Literal

Language = Literal["zh", "en"]
Pair = tuple[str, str]

WORDS: Mapping[str, Pair] = {
    "retrained": ("模型再训练报告", "Retraining report"),
    "evaluated": ("模型评估报告", "Evaluation report"),
    "promoted": ("新模型已启用", "The new model serves"),
    "refused": ("新模型未启用", "The new model was refused"),
    "reasons": ("未启用的原因", "Why it was refused"),
    "checked": ("已通过的检查", "What was checked and holds"),
    "watched": ("需要关注", "To be watched"),
    "short": ("概要", "In short"),
    "orders": ("工单去向", "What became of the orders"),
    "became": ("去向", "what became of them"),
    "changed": ("总体变化", "What changed over all"),
    "whole": ("总体指标", "Figures over all"),
    "means": ("指标含义", "What the figures mean"),
    "figure": ("指标", "figure"),
    "value": ("数值", "value"),
    "new": ("新模型", "new"),
    "old": ("现用模型", "champion"),
    "gain": ("变化", "change"),
    "interval": ("95%区间", "95 % interval"),
    "where": ("变化最大之处", "Where it moved most"),
    "parts": ("分项指标", "Part by part"),
    "largest": ("工单最多的部分", "those with the most orders"),
    "every": ("全部明细", "all of them, with every figure"),
    "unknown": ("所评工单均未注明。", "None of the orders tells it."),
    "name": ("名称", "name"),
    "rows": ("件数", "orders"),
    "share": ("占比", "share"),
    "won": ("变好", "better"),
    "lost": ("变差", "worse"),
    "reliability": ("可靠性：说八成，是否真有八成", "Reliability: is what is said to be 80 % right 80 % of the time?"),
    "said": ("给出的概率", "probability that was given"),
    "right": ("实际正确率", "share that was right"),
    "risk": ("风险与覆盖", "Risk and coverage"),
    "covered": ("自动处理的份额（由最有把握的起）", "share handled, the surest first"),
    "wrong": ("其中派错的份额", "share of it that is wrong"),
    "confused": ("最常混淆的单位", "Units that are most often confused"),
    "duties": ("按职责看首选错误", "Wrong first suggestions by duty"),
    "how": ("首选错在哪里", "where the first suggestion went wrong"),
    "suggested": ("给出", "suggested"),
    "closed_by": ("实际办结", "closed by"),
    "suggested_duty": ("给出的职责", "duty suggested"),
    "closed_duty": ("实际办结的职责", "duty that closed"),
    "other_place": ("同职责，地区或层级不同", "same duty, other place or level"),
    "other_duty": ("同地区同层级，职责不同", "same place and level, other duty"),
    "other_both": ("职责与地区（或层级）都不同", "other duty, and other place or level"),
    "other_alike": ("同职责同地区的另一单位", "another unit of the same duty and place"),
    "other_unknown": ("未给出单位，或单位不在城市包中", "nobody suggested, or a unit that the pack does not have"),
    "no_duty": ("（无）", "(none)"),
    "kind_municipal": ("市级单位（职责未注明）", "city unit without a duty"),
    "kind_district": ("区级单位（职责未注明）", "district unit without a duty"),
    "kind_street": ("街道乡镇", "street or township"),
    "kind_company": ("企业", "company"),
    "kind_zone": ("功能区", "zone"),
    "kind_other": ("其他单位", "other unit"),
    "doubts": ("标签最可疑的工单", "Orders whose label is most doubtful"),
    "doubts_note": (
        "供人工复核；没有任何工单因此被剔除。只列编号和单位，不含诉求内容。",
        "For people to look at; nothing was left out for it. Ids and units alone, nothing that citizens wrote.",
    ),
    "id": ("工单编号", "order"),
    "label": ("办结单位（标签）", "closed by (its label)"),
    "says": ("模型认为", "the model says"),
    "given": ("模型给标签的概率", "probability of the label"),
    "probability": ("模型所认单位的概率", "probability of what it says"),
    "drift": ("来件的变化", "How what comes in has moved"),
    "drift_note": (
        "PSI 衡量构成的变化，已扣除偶然：0.1 以上有变化，0.25 以上变化大。",
        "PSI tells how far shares have moved, less chance: from 0.1 on a change, from 0.25 on a great one.",
    ),
    "axis": ("方面", "of"),
    "index": ("PSI", "PSI"),
    "moved": ("变化最多的", "what moved most"),
    "bundle": ("模型", "bundle"),
    "model": ("模型", "model"),
    "topics": ("事项", "topics"),
    "units": ("单位", "units"),
    "districts": ("区县", "districts"),
    "streets": ("街镇", "streets"),
    "words": ("用词", "words"),
    "unit": ("单位", "unit"),
    "district": ("区县", "district"),
    "topic": ("事项", "topic"),
    "channel": ("渠道", "channel"),
    "by_unit": ("按单位", "By unit"),
    "by_district": ("按区县", "By district"),
    "by_topic": ("按事项（一级）", "By topic (first level)"),
    "by_channel": ("按渠道", "By channel"),
    "peers": ("与常规分类器相比", "Beside flat classifiers"),
    "card": ("模型卡（英文）", "Model card"),
    "table": ("数据表", "as a table"),
    "none": ("没有现用模型可比。", "There is no champion to compare with."),
    "nothing": ("没有。", "None."),
    "tried": ("所评工单", "orders it was tried on"),
    "unmet": ("其中单位不在模型中", "of units that it has not met"),
    "set_aside": ("不参与评估的工单", "Orders set aside"),
}

FIGURES: Mapping[str, Pair] = {
    "top1": ("首派正确率", "first-dispatch success"),
    "top3": ("前三含正确单位", "right unit among 3"),
    "top5": ("前五含正确单位", "right unit among 5"),
    "macro_f1": ("宏平均F1", "macro-F1"),
    "expected": ("预期首派正确率", "expected first-dispatch success"),
    "coverage": ("达到承诺可自动派的份额", "coverage at the promise"),
    "dispatched": ("自动派单的份额", "share dispatched"),
    "precision": ("自动派单正确率", "precision of what is dispatched"),
    "set_coverage": ("候选集含正确单位", "sets that hold the right unit"),
    "calibration_error": ("校准误差", "calibration error"),
    "set_size": ("候选集平均单位数", "units in a set"),
    "avoided": ("每千件少退单", "returns avoided of 1,000 orders"),
    **{
        f"topic_level{depth}_top{listed}": (
            f"{'一二三'[depth - 1]}级事项{'首选正确' if listed == 1 else '前三含正确'}",
            f"right topic {'first' if listed == 1 else 'among 3'}, level {depth}",
        )
        for depth in (1, 2, 3)
        for listed in (1, 3)
    },
}

MEANINGS: Mapping[str, Pair] = {
    "top1": (
        "若每件都派给首选单位，有多少件派对。以最终办结单位为准。",
        "The share that goes right if every order goes to the unit suggested first; right is who closed it in the end.",
    ),
    "expected": (
        "模型自己给首选的平均概率，即它预期有多少件派对；应与首派正确率接近。",
        "Mean probability of the first suggestion, the share that it expects to go right; near what does.",
    ),
    "avoided": (
        "首派正确率之差乘以一千：派给首选单位时，每千件预计少退几件。由正确率换算，不是实际退单数。",
        "1,000 times the change in first-dispatch success: worked out from closures, not counted from returns.",
    ),
    "macro_f1": (
        "各单位F1的平均，工单少的单位与工单多的同样重要；分项表中为该单位的F1。",
        "The mean of the units' F1, in which a unit with few orders counts as one with many; of one unit its own F1.",
    ),
    "coverage": (
        "由最有把握的起，最多能自动派多少，仍达到承诺的正确率。",
        "The largest share, the surest first, of which as many are right as was promised.",
    ),
    "dispatched": (
        "模型不经人工直接派出的份额。",
        "The share that the model sends out without a person.",
    ),
    "precision": ("自动派出的工单中派对的份额。", "The share of those that went right."),
    "set_coverage": (
        "给人看的候选单位中含有正确单位的份额。",
        "How often the right unit is among those that a person is shown.",
    ),
    "calibration_error": (
        "给出的概率与实际正确率平均相差多少，0为最好。",
        "How far the probabilities are from what happens, on average; 0 is best.",
    ),
}

COUNTS: Mapping[str, Pair] = {
    "read": ("读入", "read"),
    "merged": ("已并入其他工单", "merged into another order"),
    "transferred": ("已转其他热线", "taken by another line"),
    "declined": ("不予受理", "not accepted"),
    "open": ("尚未办结", "still open"),
    "unknown_status": ("状态无法识别", "of a status that is not understood"),
    "erased": ("内容已删除", "erased"),
    "reopened": ("办结后未解决，重新派出", "closed, not solved and sent out again"),
    "disputed": ("退单后无单位接收即办结", "returned, and closed by a unit that never took it"),
    "no_unit": ("无承办单位", "without a unit"),
    "unit_not_in_pack": ("单位不在城市包中", "of a unit that the city pack does not have"),
    "unit_ended": ("单位已撤销，无承接单位", "of a unit that has ended without a successor"),
    "unit_ambiguous": ("承接单位不唯一", "of a unit with several successors"),
    "self_confirmed": ("模型自动派出，无人看过", "dispatched by the model and looked at by nobody"),
    "thinned_out": ("工单过多，未被抽中", "left out, as there are more than are learned from"),
    "forgotten": ("超出学习期限", "older than is learned from"),
    "learned_from": ("用于学习", "learned from"),
    "no_text": ("无诉求内容", "without words"),
    "agency_callback": ("单位来电催办，非市民诉求", "agencies that asked about an order"),
    "catch_all_unit": ("承办单位为“其他”之类", "of a unit that is none, such as 其他单位"),
    "near_duplicate": ("同日重复录入", "entered twice on one day"),
}


class Says:
    """The words of one language."""

    def __init__(self, language: Language) -> None:
        self._at = 0 if language == "zh" else 1
        self.language: Language = language

    def __call__(self, key: str) -> str:
        return WORDS[key][self._at]

    def figure(self, key: str) -> str:
        return FIGURES[key][self._at]

    def meaning(self, key: str) -> str:
        return MEANINGS[key][self._at]

    def count(self, key: str) -> str:
        """Say what became of orders that are counted under a key."""
        return COUNTS[key][self._at]

    def either(self, chinese: str, english: str) -> str:
        return (chinese, english)[self._at]
