/**
 * The questions that published figures answer, as they are put to the database; they are published with the figures. Each asks about the time
 * from `waymark.figures_from` up to `waymark.figures_to`, the days from `waymark.figures_first_day` to `waymark.figures_last_day`; they are set before.
 */
const from = "current_setting('waymark.figures_from')::timestamptz";
const to = "current_setting('waymark.figures_to')::timestamptz";
const firstDay = "current_setting('waymark.figures_first_day')::date";
const lastDay = "current_setting('waymark.figures_last_day')::date";
const within = (column: string) => `${column} >= ${from} AND ${column} < ${to}`;

/** One row for each person who wore a tag in the time, by number, with their groups and what is counted of them. */
export interface PersonRow {
  person: number;
  ethnicity: string;
  sex: string;
  disability: string;
  age: string;
  /** Kind of the order that began last. */
  kind: string;
  keepsOut: boolean;
  hasHours: boolean;
  hadAlert: boolean;
  hadFalseAlert: boolean;
  hadBreach: boolean;
  asked: boolean;
  wasLet: boolean;
  finished: boolean;
  woreToTheEnd: boolean;
  /** Days from the beginning of the order up to its end or the end of the time. */
  days: number;
}

const said = (kind: string) =>
  `coalesce((SELECT c.value FROM supervision.characteristics c WHERE c.subject_id = s.id AND c.kind = '${kind}'), 'not said')`;
const hasZone = (condition: string) =>
  `EXISTS (SELECT FROM supervision.zone_orders zo JOIN supervision.orders o ON o.id = zo.order_id JOIN supervision.zone_versions z ON z.zone_id = zo.zone_id
      WHERE o.subject_id = s.id AND o.starts_at < ${to} AND (o.ends_at IS NULL OR o.ends_at > ${from})
        AND z.effective_at < ${to} AND (z.superseded_at IS NULL OR z.superseded_at > ${from})
        AND (zo.removed_at IS NULL OR zo.removed_at > ${from}) AND ${condition})`;
const hasAlert = (condition: string) =>
  `EXISTS (SELECT FROM supervision.alerts a JOIN supervision.wearings w ON w.id = a.wearing_id
      WHERE w.subject_id = s.id AND a.state <> 'retracted' AND ${within('a.from_at')} AND ${condition})`;
const hasOrder = (condition: string) =>
  `EXISTS (SELECT FROM supervision.orders o WHERE o.subject_id = s.id AND ${within('o.ends_at')} AND ${condition})`;

export const people = `SELECT s.id AS person, ${said('ethnicity')} AS ethnicity, ${said('sex')} AS sex, ${said('disability')} AS disability,
  CASE WHEN s.born_on IS NULL THEN 'not known' WHEN age(${from}::date, s.born_on) < interval '25 years' THEN 'under 25'
    WHEN age(${from}::date, s.born_on) < interval '35 years' THEN '25 to 34' WHEN age(${from}::date, s.born_on) < interval '45 years' THEN '35 to 44'
    ELSE '45 and over' END AS age,
  (SELECT o.kind FROM supervision.orders o WHERE o.subject_id = s.id AND o.starts_at < ${to} ORDER BY o.starts_at DESC, o.id DESC LIMIT 1) AS kind,
  ${hasZone("z.kind = 'exclusion'")} AS "keepsOut",
  ${hasZone("z.kind <> 'exclusion'")} AS "hasHours",
  ${hasAlert('true')} AS "hadAlert",
  ${hasAlert("a.outcome IN ('false', 'equipment')")} AS "hadFalseAlert",
  ${hasAlert("a.outcome = 'breach'")} AS "hadBreach",
  EXISTS (SELECT FROM supervision.requests r WHERE r.subject_id = s.id AND r.decision IN ('agreed', 'refused') AND ${within('r.decided_at')}) AS asked,
  EXISTS (SELECT FROM supervision.requests r WHERE r.subject_id = s.id AND r.decision = 'agreed' AND ${within('r.decided_at')}) AS "wasLet",
  ${hasOrder('true')} AS finished,
  ${hasOrder("EXISTS (SELECT FROM supervision.wearings w WHERE w.order_id = o.id AND (w.ends_at IS NULL OR w.ends_at >= o.ends_at - interval '1 day'))")} AS "woreToTheEnd",
  (SELECT extract(epoch FROM max(least(coalesce(o.ends_at, ${to}), ${to}) - o.starts_at)) / 86400 FROM supervision.orders o
    WHERE o.subject_id = s.id AND o.starts_at < ${to} AND (o.ends_at IS NULL OR o.ends_at > ${from}))::float8 AS days
FROM supervision.subjects s
WHERE EXISTS (SELECT FROM supervision.wearings w WHERE w.subject_id = s.id AND w.starts_at < ${to} AND (w.ends_at IS NULL OR w.ends_at > ${from}))
ORDER BY s.id`;

/** Alerts that began in the time, together by person, kind and model of tag. */
export interface AlertRow {
  person: number;
  kind: string;
  model: string;
  all: number;
  takenBack: number;
  decided: number;
  breach: number;
  false: number;
}

export const alerts = `SELECT w.subject_id AS person, a.kind, coalesce(nullif(t.model, ''), 'not said') AS model, count(*)::int AS "all",
  (count(*) FILTER (WHERE a.state = 'retracted'))::int AS "takenBack", (count(*) FILTER (WHERE a.outcome IS NOT NULL AND a.state <> 'retracted'))::int AS decided,
  (count(*) FILTER (WHERE a.outcome = 'breach' AND a.state <> 'retracted'))::int AS breach,
  (count(*) FILTER (WHERE a.outcome IN ('false', 'equipment') AND a.state <> 'retracted'))::int AS "false"
FROM supervision.alerts a JOIN supervision.wearings w ON w.id = a.wearing_id JOIN supervision.tags t ON t.id = w.tag_id
WHERE ${within('a.from_at')} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`;

/** Days on which each model of tag was worn, by person. */
export interface WornRow {
  person: number;
  model: string;
  days: number;
}

export const worn = `SELECT w.subject_id AS person, coalesce(nullif(t.model, ''), 'not said') AS model,
  sum(extract(epoch FROM least(coalesce(w.ends_at, ${to}), ${to}) - greatest(w.starts_at, ${from})) / 86400)::float8 AS days
FROM supervision.wearings w JOIN supervision.tags t ON t.id = w.tag_id
WHERE w.starts_at < ${to} AND (w.ends_at IS NULL OR w.ends_at > ${from}) GROUP BY 1, 2 ORDER BY 1, 2`;

/** Hours for which each person had to be in a place: in it, out of it, and nobody knows; and whether they are counted for every day of the time. */
export interface HoursRow {
  person: number;
  kept: number;
  broken: number;
  unknown: number;
  isCounted: boolean;
}

export const hours = `SELECT w.subject_id AS person, sum(d.kept_s) / 3600.0::float8 AS kept, sum(d.broken_s) / 3600.0::float8 AS broken, sum(d.unknown_s) / 3600.0::float8 AS unknown,
  NOT EXISTS (SELECT FROM generate_series(${firstDay}, ${lastDay}, interval '1 day') g
    WHERE g::date NOT IN (SELECT c.day FROM supervision.days_counted c)) AS "isCounted"
FROM supervision.days_kept d JOIN supervision.wearings w ON w.id = d.wearing_id
WHERE d.day BETWEEN ${firstDay} AND ${lastDay} GROUP BY 1 ORDER BY 1`;

/** How long it took until somebody first did something about an alert, minutes. */
export interface SeenRow {
  person: number;
  severity: string;
  minutes: number;
}

export const seen = `SELECT w.subject_id AS person, a.severity, (extract(epoch FROM min(s.at) - a.raised_at) / 60)::float8 AS minutes
FROM supervision.alerts a JOIN supervision.wearings w ON w.id = a.wearing_id JOIN supervision.alert_steps s ON s.alert_id = a.id
WHERE ${within('a.from_at')} GROUP BY a.id, w.subject_id, a.severity, a.raised_at ORDER BY a.id`;

/** Requests that were answered in the time. */
export interface RequestRow {
  person: number;
  inTime: boolean;
  hours: number;
}

export const requests = `SELECT r.subject_id AS person, r.decided_at <= r.due_at AS "inTime", (extract(epoch FROM r.decided_at - r.sent_at) / 3600)::float8 AS hours
FROM supervision.requests r WHERE r.decision IN ('agreed', 'refused') AND ${within('r.decided_at')} ORDER BY r.id`;

/** Verdicts that a person reviewed in the time and nobody took back, of real crimes. */
export interface ReviewRow {
  person: number;
  verdict: string;
  agrees: boolean;
}

export const reviews = `SELECT DISTINCT ON (r.crime_version_id, r.wearing_id) w.subject_id AS person, r.verdict, r.decision = 'agree' AS agrees
FROM supervision.reviews r JOIN supervision.wearings w ON w.id = r.wearing_id JOIN supervision.crime_versions v ON v.id = r.crime_version_id
WHERE NOT v.made_up AND r.taken_back_at IS NULL AND ${within('r.at')} ORDER BY r.crime_version_id, r.wearing_id, r.id DESC`;

export const questions = { people, hours, alerts, worn, seen, requests, reviews };
export type Question = keyof typeof questions;
