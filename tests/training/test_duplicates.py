import random
import time

import pytest

from training.duplicates import bare, near_duplicate_groups

LONG = "人民路12号楼下的烧烤店每天晚上营业到凌晨三点，油烟直接排到居民家中，噪音很大，影响老人和孩子休息"


def test_opener_and_punctuation_do_not_count():
    assert bare("市民来电反映: 人民路，有积水。") == bare("市民微信咨询：人民路有积水！")
    assert near_duplicate_groups(["市民来电反映: 人民路，有积水。", "市民微信反映：人民路有积水"]) == [0, 0]


def test_a_matter_told_again_in_nearly_the_same_words_is_one_group():
    again = f"市民来电反映: {LONG}，希望尽快解决"
    other = "市民来电反映: 中山公园的健身器材损坏，有锐利的边缘，容易划伤"
    assert near_duplicate_groups([f"市民来电反映: {LONG}", other, again]) == [0, 1, 0]


def test_short_texts_that_differ_in_one_word_stay_apart():
    assert near_duplicate_groups(["公交卡怎么办理", "社保卡怎么办理", "好", "坏", ""]) == [0, 1, 2, 3, 4]


def test_nothing_gives_nothing():
    assert near_duplicate_groups([]) == []


def test_the_same_texts_give_the_same_groups_in_any_order():
    texts = [LONG, LONG[:-4], "路灯不亮已经一个星期", "垃圾桶满了没有人清理"]
    one, two = near_duplicate_groups(texts), near_duplicate_groups(texts[::-1])[::-1]
    assert [a == b for a in one for b in one] == [a == b for a in two for b in two]


@pytest.mark.long
def test_eighteen_thousand_texts_take_seconds():
    draw = random.Random(1)
    texts = [
        "".join(draw.choices("东西南北中路口有车停放噪音垃圾积水井盖施工夜间小区物业", k=60)) for _ in range(18_000)
    ]
    start = time.perf_counter()
    assert len(set(near_duplicate_groups(texts))) > 17_000
    assert time.perf_counter() - start < 10
