"""What operators and units wrote into an order, taken out, so that a model learns from the citizen's words alone."""

import re

_STOP = r"，。；！？：、,;!?:（）()\[\]【】《》\n"
_CLAUSE = rf"(?<![^{_STOP}\s.\uff0e”\"])"
_CLAUSE_END = rf"(?=[{_STOP}\s.\uff0e”\"]|$)"

_MINUTES = r"[\d一二三四五六七八九十半]+\s*(?:个?(?:工作日|小时)|分钟?)"
_SWIFT = r"响应(?:(?:并)?处*[置理])?"
_DONE = r"(?:办件|响应|处置|处理|联系|核实|到场|到现场|到达现场)"

# 申请, 邀请, 请问 and their like are words of the citizen, not the 请 of an instruction.
_PLEASE = r"(?:(?<![申邀聘宴报提])(?:敬|烦|恳|望|特|故|现)*请(?!教(?!育)|[问求假示客勿帖]))"
_ACT = r"(?:核实|核查|查实|查证|调查|核处|处\s?[理置]|协助|协处|跟进|督办|酌处|阅处|联系)"
_WHO = rf"(?:[^{_STOP}\s\d把将对到在给让告如何为什么会]|(?:赶|来|派人|工作人员)?到(?:达|现)?场|(?<=[委员协联])会)"
_THIS = r"(?:此|该|这个|上述|相关)?(?:问题|情况|事宜|事件|事|办件)"
_SO = (
    rf"(?:核实|核查|调查|处\s?[理置]|解决|落实|联系|答复|回复|反馈|回电|解释|市民|群众|其|本人|进行|给予|合理|明确|及时|尽快"
    rf"|并|后|为[盼谢]|一?下|力度|清楚|属实|处理时限|{_THIS})"
)
_MANNERS = r"(?:(?:非常|万分)?(?:感|谢)谢(?:您|你们?|了)?)"

_BRACKETED = (
    rf"[（(【]\s*(?:请[^（()）】]{{0,40}}?(?:分钟|小时|工作日|规定|响应|核实|处理)|{_MINUTES}(?:之?内)?[^（()）】]{{0,14}}?{_DONE}"
    r"|已(?:电话)?(?:通知|转派?|派)(?!其|市民))[^（()）】]*[）)】]"
)
_BRACKET_LEFT_OPEN = rf"[（(【]\s*请[^（()）】\n]{{0,40}}?(?:{_SWIFT}|{_DONE}[^（()）】\n]{{0,12}}(?=\n|$))"
_TIMED = rf"{_PLEASE}[^{_STOP}]{{0,20}}?{_MINUTES}[^。；！？!?（）()\n]{{0,16}}?{_SWIFT}"
_ASKED = rf"{_PLEASE}{_WHO}{{0,14}}?{_ACT}{_SO}*"
_IDLE = rf"{_CLAUSE}(?:{_SWIFT}|{_MANNERS}){_CLAUSE_END}"

_AGENCY = (
    r"(?:部门|单位|政府|职能局?|交警|城管|公安|民警|街道办?|管委会|委员会|大队|支队|派出所|集团|领导"
    rf"|(?:工商|住建|国土|规划|环保|环卫|教育|交通|市政|园林|社保|人社|劳动|物价|质监|食药监|安监|卫生|民政|消防|水务|燃气|供电)"
    rf"|[^{_STOP}\s的了在是有和]{{1,10}}[局委办所])"
)
# A wish goes only when it says no more than who should act: what follows the verb would be the citizen's matter.
_WISH = r"(?:希望|盼望|望|强烈要求|要求|恳请|恳求|请求|请)"
_WISHED_ACT = (
    r"(?:核实|核查|处理|处置|处罚|联系|协助|帮助|协商|协调|调查|解决|重视|关注"
    r"|查处|答复|督促|监督|介入|落实|管理|回复|对接)"
)
_WISHED = (
    rf"{_CLAUSE}(?:故|特|现|并|还|也|但|其|来电|市民|表示|因此)*{_WISH}[^{_STOP}]{{0,12}}?{_AGENCY}"
    rf"[^{_STOP}]{{0,12}}?{_WISHED_ACT}(?:{_WISHED_ACT}|{_SO})*{_CLAUSE_END}"
)

# Systems stamp answers 2018-01-31 09:30:00; a citizen who tells what a firm answered writes 1月31日.
_DATE = r"(?:于\s*)?(?:\d{4}[-/.])?\d{1,2}[-/.]\d{1,2}"
_FULL_DATE = r"(?:于\s*)?\d{4}[-/.]\d{1,2}[-/.]\d{1,2}"
_TIME = r"\s*\d{1,2}[:：时]\d{1,2}(?:[:：分]\d{0,2})?分?"
_OFFICE = r"[^\s，。；：:、！？（）《》]{1,24}?"
_OFFICE_END = r"[局府委办队所司心站院会部处团组社街镇乡]"
_SAID = r"(?:的?(?:答复|回复|反馈|处理意见|处理情况|处理结果|办理情况|办理结果|办结汇报)(?:内容|如下)?\s*[:：；;])"
_DATED = (
    rf"(?:(?<=[。！？!?）),，\s])|^)(?:{_FULL_DATE}{_TIME}[:：]?\s*{_OFFICE}(?:{_SAID}|[:：](?!\d))"
    rf"|{_FULL_DATE}(?:{_TIME})?[:：]?\s*{_OFFICE}{_OFFICE_END}\s*(?:[:：；;\s]|(?=[我接经关根\d]))"
    rf"|{_DATE}(?:{_TIME})?[:：]?\s*{_OFFICE}{_SAID})"
    rf"|(?<=\n)(?!市民|工单){_OFFICE}{_FULL_DATE}(?:{_TIME})?{_SAID}"
)
_UNDATED = rf"(?<=\n)(?:已告知市民)?(?!市民|工单|原工单|来电|群众){_OFFICE}{_OFFICE_END}{_SAID}[^\n]*"
_CITIZEN_AGAIN = (
    r"(?=\n\s*(?:市民|群众|来电人|诉求人|投诉人|反映人|网友|居民|原?工单内容)"
    r"|(?<=[。！），,)\s])(?:市民|群众|来电人|诉求人|[^，。：:\n]{1,6}再次)[^，。：:\n]{0,10}(?:反映|咨询|投诉|建议|补充|要求|反馈|表示)\s*[:：]|\Z)"
)
_ANSWER = rf"(?:{_DATED})(?s:.*?){_CITIZEN_AGAIN}|{_UNDATED}"

_FOREIGN = "|".join((_ANSWER, _BRACKETED, _BRACKET_LEFT_OPEN, _TIMED, _WISHED, _ASKED, _IDLE))
_PAUSE = r"[\s，,。.\uff0e！!；;、]*"
_RUN = re.compile(rf"(?<![，,、；;\s])[，,、；;\s]*(?:(?:{_FOREIGN}){_PAUSE}(?:{_MANNERS}{_PAUSE})*)+")


def strip_instructions(text: str) -> str:
    """Return `text` without dispatch instructions (请某局核实处理) and without answers that units gave earlier.

    What the citizen said is kept, also inside a quoted order. The result is never longer than `text`, and stripping it
    again changes nothing.
    """
    text = text.strip()
    while (shorter := _RUN.sub(_closing, text).strip()) != text:
        text = shorter
    return text


def _closing(run: re.Match[str]) -> str:
    """Return what stands where instructions stood: the end of the sentence before, and the line break if any."""
    before, after = run.string[: run.start()], run.string[run.end() :]
    stop = "。" if before and before[-1] not in "。！？!?.\uff0e：:；;" else ""
    return stop + ("\n" if "\n" in run.group() and before and after else "")
