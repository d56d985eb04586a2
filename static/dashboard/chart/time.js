/* Moments in a hub's time zone: their parts, the midnights between which days lie, their texts and the ticks of an axis. */

export const MINUTE = 60_000;
export const DAY = 86_400_000;

const PARTS = {
  year: "numeric", month: "numeric", day: "numeric",
  hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23",
};
const formats = new Map();

const format = (zone, options) => {
  const key = zone + JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...options }));
  return formats.get(key);
};

const wall = (ms, zone) => {
  const part = {};
  for (const { type, value } of format(zone, PARTS).formatToParts(ms)) part[type] = Number(value);
  return part;
};

const offset = (ms, zone) => {
  const at = wall(ms, zone);
  return Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second) - Math.floor(ms / 1000) * 1000;
};

/* The moment when a day begins; a month or day may lie outside its year or month, as in Date. */
const midnight = (year, month, day, zone) => {
  const utc = Date.UTC(year, month, day);
  return utc - offset(utc - offset(utc, zone), zone);
};

/* The moment when the day begins that is `days` after that of a moment. */
export const dayAfter = (ms, days, zone) => {
  const at = wall(ms, zone);
  return midnight(at.year, at.month - 1, at.day + days, zone);
};

export const yearOf = (ms, zone) => midnight(wall(ms, zone).year, 0, 1, zone);

const two = (number) => String(number).padStart(2, "0");

/* "2024-05-15 04:00" */
export const clock = (ms, zone) => {
  const at = wall(ms, zone);
  return `${at.year}-${two(at.month)}-${two(at.day)} ${two(at.hour)}:${two(at.minute)}`;
};

export const dayText = (ms, zone) => clock(ms, zone).slice(0, 10);

/* A moment on both clocks, the hub's only where it differs. */
export const bothClocks = (ms, zone) =>
  zone === "UTC" ? `${clock(ms, zone)} UTC` : `${clock(ms, "UTC")} UTC · ${clock(ms, zone).slice(5)} ${zone}`;

export const spanText = (min, max, zone) => `${dayText(min, zone)} to ${dayText(max - 1, zone)}`;

const HOURS = [1, 2, 3, 6, 12];
const DAYS = [1, 2, 3, 5, 7, 10, 14];
const MONTHS = [1, 2, 3, 6, 12, 24, 60, 120];

/* At most about `most` moments between two, at whole hours, days, months or years of a zone. */
export const ticks = (min, max, zone, most) => {
  const days = (max - min) / DAY;
  const from = wall(min, zone);
  const values = [];
  if (days < most / 2) {
    const step = HOURS.find((each) => (days * 24) / each <= most) || 12;
    const start = midnight(from.year, from.month - 1, from.day, zone);
    for (let hour = 0; hour <= (days + 1) * 24; hour += step) values.push(start + hour * 60 * MINUTE);
  } else if (days < 12 * most) {
    const step = DAYS.find((each) => days / each <= most) || 14;
    for (let day = 0; day <= days + 1; day += step) values.push(midnight(from.year, from.month - 1, from.day + day, zone));
  } else {
    const step = MONTHS.find((each) => days / 30.4 / each <= most) || 240;
    const year = step > 12 ? Math.floor(from.year / (step / 12)) * (step / 12) : from.year;
    const first = step > 12 ? 0 : Math.floor((from.month - 1) / step) * step;
    for (let month = 0; month <= days / 28 + 2 * step; month += step) values.push(midnight(year, first + month, 1, zone));
  }
  return values.filter((value) => value >= min && value <= max);
};

/* What a tick says in a window of that length. */
export const tickText = (ms, span, zone) => {
  const at = wall(ms, zone);
  if (span > 1_100 * DAY) return at.month === 1 ? String(at.year) : format(zone, { month: "short", year: "numeric" }).format(ms);
  if (span > 120 * DAY) return format(zone, { month: "short", year: "numeric" }).format(ms);
  if (at.hour || at.minute) return `${two(at.hour)}:${two(at.minute)}`;
  return format(zone, { day: "numeric", month: "short" }).format(ms);
};
