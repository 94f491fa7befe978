/** What codes are called in Chinese, and how numbers and times are written. */

import { Offline, Problem } from "./api.js";

export const STATUSES = {
  received: "待派",
  dispatched: "已派",
  signed: "办理中",
  returned: "已退单",
  closed: "办结",
  merged: "已并单",
  transferred: "已转接",
  declined: "不予受理",
};

export const ACTIONS = {
  dispatch: "自动派单",
  suggest: "建议",
  review: "人工研判",
  transfer: "转接",
  decline: "不予受理",
};

export const EVENTS = {
  received: "受理",
  routed: "研判",
  decided: "决定",
  dispatched: "派单",
  redispatched: "改派",
  signed: "签收",
  returned: "退单",
  merged: "并单",
  repeated: "重复反映",
  reminded: "催办提醒",
  overdue: "超期",
  closed: "办结",
  called_back: "回访",
  read: "查阅",
  erased: "清除内容",
};

export const ROLES = {
  agent: "座席",
  intake: "接入系统",
  unit: "承办单位",
  scientist: "数据分析员",
  auditor: "审计员",
  administrator: "管理员",
  custodian: "原文保管员",
  system: "系统",
};

export const ELEMENTS = { place: "地点", time: "时间", object: "具体事项" };

export const OUTSIDE = {
  110: "110 报警",
  119: "119 火警",
  120: "120 急救",
  122: "122 交通事故报警",
  water: "供水抢修热线",
  power: "供电抢修热线",
  gas: "燃气抢修热线",
  heat: "供热抢修热线",
};

/** Who answers in the place of the model. */
export const STAND_INS = { last_good: "上一版模型", directory: "仅按派单目录" };

export const PARTS = { area: "属地", topic1: "一级事项", topic2: "二级事项", topic3: "三级事项", duty: "职责", unit: "承办单位" };

export const DEADLINES = { dispatch: "派单", feedback: "反馈" };

export const RETURN_REASONS = ["属地不符", "权属不清", "职能交叉", "职能不符", "要素缺失"];

export const SATISFACTIONS = ["满意", "基本满意", "一般", "不满意"];

const SPANS = { h: "小时", d: "天", wd: "个工作日" };

const PROBLEMS = {
  empty_text: "请先填写诉求内容。",
  text_too_long: "诉求内容太长，请删减后再发送。",
};

const REFUSALS = {
  403: "您的角色不能做这项操作。",
  404: "没有找到，可能编号有误。",
  409: "工单的状态已经变化，这项操作现在不能做。",
  412: "工单刚刚被别人处理过。",
  413: "内容太长，请删减后再发送。",
  422: "填写的内容不能使用。",
  429: "操作太快，请稍候再试。",
  500: "服务出错，请稍后重试。",
  503: "系统降级，暂时不能处理，请稍后重试。",
};

/** @param {number} probability */
export function percent(probability) {
  if (probability > 0 && probability < 0.01) return "<1%";
  return probability < 1 && probability >= 0.995 ? ">99%" : `${Math.round(probability * 100)}%`;
}

/** @param {string} name of what stands in for the model */
export function degraded(name) {
  return `系统降级：${STAND_INS[name] ?? name}`;
}

/** @param {number} value */
export function signed(value) {
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}

/** @param {string} within such as `24h` or `7wd` */
export function span(within) {
  const [, number, unit] = /^(\d+)(h|d|wd)$/.exec(within) ?? [];
  return unit ? `${number} ${SPANS[unit]}` : within;
}

const MOMENT = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai",
  month: "numeric",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
});

/** @param {string | null} iso */
export function moment(iso) {
  const at = iso ? new Date(iso) : null;
  return at && !Number.isNaN(at.valueOf()) ? MOMENT.format(at) : "";
}

/**
 * Say what went wrong and what to do; what the service adds in its own words follows.
 * @param {unknown} error
 */
export function fault(error) {
  if (error instanceof Offline) return "网络中断，请稍后重试。";
  if (!(error instanceof Problem)) return "页面出错，请刷新后再试。";
  const known = error.faults.map((each) => PROBLEMS[each.code]).find(Boolean) ?? PROBLEMS[error.code];
  const said = known ?? REFUSALS[error.status] ?? `服务没有接受（${error.status}）。`;
  return known || !error.detail ? said : `${said}（${error.detail}）`;
}
