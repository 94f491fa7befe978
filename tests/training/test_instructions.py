import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.hygiene import strip_instructions

MATTER = "市民来电反映: 和平路8号楼下夜间有摊贩占道经营，影响通行"


@pytest.mark.parametrize(
    "instruction",
    [
        "，请交警核实处理，谢谢！",
        "。请市容局核实处理！谢谢！",
        "，请东城区政府核实处理，谢谢！（请职能局按规定在30分钟内联系市民，响应处置）",
        "，\n请区政府核实处理!(请职能局按照规定30分钟内联系市民，响应处置)",
        "（30分钟紧急办件）",
        "，（30分钟办件！）",
        "，请水务集团核实处理（请职能局在三十分钟内联系市民，响应处置",
        "，请职能局按规定在30分钟内联系市民，响应处置",
        "，希望城管部门核实处理。",
        "，望有关部门尽快处理",
        "，要求环卫局到场核实处理！请环卫局核实处理！",
        "，请教育局核实处理",
        "，请村委会协助处理。",
        "（已通知电信、联通）",
    ],
)
def test_says_no_more_who_should_act(instruction):
    assert strip_instructions(MATTER + instruction).rstrip("。") == MATTER


@pytest.mark.parametrize(
    "said",
    [
        "市民来电咨询: 请问户口迁移在哪里办理？",
        "市民来电反映: 其向街道申请调查房屋漏水，一直没有答复。",
        "市民来电建议: 建议交警部门在实验小学门口设置红绿灯。",
        "市民来电反映: 物业表示30分钟后到场处理，但是三天没有人来。",
        "市民来电反映: 楼上装修（每天中午施工）噪音扰民，要求公司赔偿。",
        "市民来电反映: 5月3日物业公司回复：需要等到下月，其认为不合理。",
        "市民来电反映: 2018年3月19日10:52在影城公社门口有大货车乱停。",
        "市民微信反映: 请假被扣三天工资。",
        "要求6804号话务员回电",
        "",
    ],
)
def test_keeps_what_the_citizen_said(said):
    assert strip_instructions(said) == said


def test_a_matter_told_inside_the_instruction_stays():
    assert "路灯不亮" in strip_instructions("市民微信反映：请市政部门处理一下解放路的路灯不亮的问题")
    assert "移车" in strip_instructions("市民来电反映: 请交警联系车主移车")


def test_an_earlier_answer_goes_and_what_the_citizen_says_next_stays():
    order = (
        "市民来电反映: 建设路井盖破损，请市政公司核实处理。（请职能局按规定在30分钟内核实处理，响应处置）\n"
        "2018-03-22 市政工程维修公司：3月22日，经我司派人到场，已更换。（工单号20180320000001）\n"
        "市民再次来电反映：井盖又破损了，请市政公司核实处理！"
    )
    assert strip_instructions(order) == "市民来电反映: 建设路井盖破损。\n市民再次来电反映：井盖又破损了。"


@pytest.mark.parametrize(
    "answer",
    [
        "2018-03-22 09:10:11市政局：已派人到场，请市民耐心等待。",
        "于2018-03-22 09:10市政局答复：已派人到场。\n第二天再次巡查，情况属实。",
        "03-22 09:10 市政局反馈：已派人到场。",
        "\n市政局答复：已派人到场。",
        "\n市政局2018-03-22 09:10:11的处理意见：已派人到场。",
    ],
)
def test_answers_in_every_form_that_systems_write(answer):
    order = f"市民来电反映: 建设路井盖破损。{answer}\n市民再次来电反映: 还是没有更换。"
    assert strip_instructions(order) == "市民来电反映: 建设路井盖破损。\n市民再次来电反映: 还是没有更换。"


def test_the_citizen_speaks_again_under_another_opener():
    order = "公众号反映：路面坑洼。2018-03-22 09:10市政局：已修复。公众号再次反映：又坏了"
    assert strip_instructions(order) == "公众号反映：路面坑洼。公众号再次反映：又坏了"


def test_a_quoted_order_keeps_its_matter():
    order = "市民来电咨询: 工单号20180301000002《关于桥头的问题》\n工单内容：\n市民来电反映: 夜间施工，请环保局核实处理"
    assert strip_instructions(order) == order.removesuffix("，请环保局核实处理") + "。"


_OPERATOR = [
    "请",
    "希望",
    "交警",
    "某局",
    "部门",
    "核实处理",
    "联系市民",
    "职能局按规定在",
    "30分钟",
    "响应处置",
    "办件",
    "谢谢",
]
_ORDER = ["市民来电反映: ", "市民再次来电反映：", "路口积水", "2018-03-22 10:20:30", "答复：", *"，。（）(! \n"]
_PIECES = st.sampled_from(_OPERATOR + _ORDER)


@given(st.lists(_PIECES, max_size=30).map("".join))
def test_stripping_never_adds_and_twice_is_once(text):
    once = strip_instructions(text)
    assert len(once) <= len(text)
    assert strip_instructions(once) == once
