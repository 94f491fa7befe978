"""What OpenAPI shows as examples; a test holds them against the models."""

from pydantic.config import JsonDict

APPEAL: JsonDict = {
    "id": "20261122-0001",
    "text": "望京西园四区门口的垃圾桶三天没人清运，污水流了一地，请尽快处理。",
    "address": "望京西园四区",
    "district": "朝阳区",
    "received_at": "2026-11-22T08:30:00+08:00",
    "channel": "电话",
}
ROUTED: JsonDict = {
    "id": "20261122-0001",
    "topics": [
        {
            "code": "T0101",
            "name": "生活垃圾清运",
            "path": ["市容环卫", "垃圾处理", "生活垃圾清运"],
            "probability": 0.93,
        }
    ],
    "place": {
        "district": "朝阳区",
        "street": "望京街道",
        "community": None,
        "building": None,
        "evidence": ["望京西园四区"],
        "possible": [],
        "question": None,
    },
    "suggestions": [
        {
            "unit": "cy-wangjing",
            "name": "朝阳区望京街道办事处",
            "role": "lead",
            "probability": 0.91,
            "reasons": ["属地：望京街道"],
        }
    ],
    "decision": {
        "action": "suggest",
        "units": ["cy-wangjing"],
        "set": ["朝阳区望京街道办事处"],
        "reason": "unsure",
        "to": None,
        "why": "把握不足以直接派单，请从建议中选择。",
        "rules": [],
    },
    "matters": [],
    "kind": "投诉",
    "urgency": "一般",
    "due": {
        "dispatch_within": "24h",
        "feedback_within": "7wd",
        "dispatch_by": "2026-11-23T08:30:00+08:00",
        "feedback_by": "2026-12-01T23:59:59+08:00",
    },
    "missing": [],
    "question": None,
    "risk": {
        "unit": "cy-wangjing",
        "probability": 0.09,
        "reason": "职能不符",
        "why": "朝阳区望京街道办事处可能认为不属于其职能，应由朝阳区城市管理委员会办理。",
    },
    "degraded": None,
    "versions": {"bundle": "beijing-2026.11", "pack": "2026.11", "policy": "1"},
}
FAILED: JsonDict = {
    "id": "20261122-0002",
    "error": {"code": "empty_text", "message": "field text: empty; write what the citizen said"},
}
ENGLISH: JsonDict = {
    "id": "en-1",
    "text": "The street lamp in front of No. 5 Guangshun North Street has been dark for a week.",
}
ORDER_ID = "20261122-17"
ORDER: JsonDict = {
    "id": ORDER_ID,
    "status": "received",
    "version": 19,
    "reference": "20261122-0001",
    "channel": "电话",
    "source": None,
    "text": APPEAL["text"],
    "address": APPEAL["address"],
    "received_at": "2026-11-22T08:30:00+08:00",
    "unit": None,
    "assist": [],
    "topic": {"code": "T0101", "name": "生活垃圾清运"},
    "district": "朝阳区",
    "street": "望京街道",
    "kind": "投诉",
    "urgency": "一般",
    "dispatch_by": "2026-11-23T08:30:00+08:00",
    "feedback_by": "2026-12-01T23:59:59+08:00",
    "overdue": False,
    "dispatched_at": None,
    "signed_at": None,
    "closed_at": None,
    "final_unit": None,
    "called_back_at": None,
    "valid": None,
    "contacted": None,
    "solved": None,
    "satisfaction": None,
    "returned_by": [],
    "repeats": 0,
    "merged_into": None,
    "audited": False,
    "decision": ROUTED["decision"],
    "routing": ROUTED | {"id": ORDER_ID},
    "degraded": None,
    "erased": False,
}
