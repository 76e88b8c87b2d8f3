import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { duration, metres } from '@waymark/presence';
import nunjucks from 'nunjucks';
import { inputTime } from '../platform/days.ts';
import { ageInWords } from './words/age-in-words.ts';

const require = createRequire(import.meta.url);
export const govukFolder = join(dirname(require.resolve('govuk-frontend/package.json')), 'dist');

/** Words for stored codes. */
const spoken: Record<string, string> = {
  'monitoring-officer': 'Monitoring officer',
  'crime-analyst': 'Crime analyst',
  'offender-manager': 'Offender manager',
  governor: 'Prison governor',
  'support-worker': 'Support worker',
  'support-lead': 'Support lead',
  'data-steward': 'Data steward',
  'fairness-auditor': 'Fairness auditor',
  person: 'You',
  auditor: 'Auditor',
  administrator: 'Administrator',
  device: 'Device',
  operator: 'Console',
  system: 'System',
  uncertaintyM: 'uncertainty',
};

/** Templates live beside their features; every value is escaped. */
export function makeViews(timeZone: string): nunjucks.Environment {
  const environment = new nunjucks.Environment(
    new nunjucks.FileSystemLoader([join(import.meta.dirname, '..'), govukFolder], { noCache: process.env.NODE_ENV === 'development' }),
    { autoescape: true, throwOnUndefined: false },
  );
  const dateTime = new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'medium', timeStyle: 'medium' });
  const shortTime = new Intl.DateTimeFormat('en-GB', { timeZone, day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const asDate = (value: unknown) => (value instanceof Date ? value : new Date(value as number | string));
  const when = (format: Intl.DateTimeFormat) => (value: unknown) =>
    value === null || value === undefined || Number.isNaN(asDate(value).getTime()) ? '–' : format.format(asDate(value));
  environment.addFilter('dateTime', when(dateTime));
  environment.addFilter('shortTime', when(shortTime));
  // With the zone, for what is read where clocks are put back: 01:30 comes twice on that night.
  environment.addFilter(
    'moment',
    when(
      new Intl.DateTimeFormat('en-GB', {
        timeZone,
        ...{ day: 'numeric', month: 'short', year: 'numeric' },
        ...{ hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short' },
      }),
    ),
  );
  environment.addFilter('clock', when(clock));
  environment.addFilter('age', (value: unknown) => ageInWords(Date.now() - asDate(value).getTime()));
  environment.addFilter('longDate', when(new Intl.DateTimeFormat('en-GB', { timeZone, dateStyle: 'medium' })));
  environment.addFilter('inputTime', (value: unknown) => inputTime(asDate(value), timeZone));
  environment.addFilter('lasting', (ms: number) => ageInWords(ms));
  environment.addFilter('hourMinute', when(new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' })));
  environment.addFilter('dayMonth', when(new Intl.DateTimeFormat('en-GB', { timeZone, day: 'numeric', month: 'short' })));
  environment.addFilter('weekday', (day: string) =>
    new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', weekday: 'long', day: 'numeric', month: 'long' }).format(new Date(day)),
  );
  environment.addFilter('hours', hoursInWords);
  environment.addFilter('iso', (value: unknown) => (value ? asDate(value).toISOString() : ''));
  environment.addFilter('metres', (value: number | null) => (value === null || Number.isNaN(value) ? '–' : metres(value)));
  environment.addFilter('duration', duration);
  environment.addFilter('number', (value: number | null) => (value === null || value === undefined ? '–' : value.toLocaleString('en-GB')));
  environment.addFilter('fixed', (value: number | null, digits: number) =>
    value === null || value === undefined ? '–' : value.toFixed(digits),
  );
  environment.addFilter('percent', percent);
  // In the place of what says a page in another language, where there is none.
  environment.addGlobal('plain', (words: string) => words);
  environment.addFilter('spoken', (value: string) => spoken[value] ?? value);
  return environment;
}

/** Hours as people read them: 12 h 30 min. */
function hoursInWords(hours: number): string {
  const minutes = Math.round(60 * hours);
  const [h, m] = [Math.floor(minutes / 60), minutes % 60];
  return [h > 0 ? `${h.toLocaleString('en-GB')} h` : '', m > 0 || h === 0 ? `${m} min` : ''].filter(Boolean).join(' ');
}

/** A probability as people read it: never 0 % or 100 %, which would claim to know. */
export function percent(value: number | null): string {
  if (value === null || value === undefined || Number.isNaN(value)) return 'not known';
  if (value < 0.001) return 'under 0.1%';
  if (value > 0.999) return 'over 99.9%';
  if (value < 0.1) return `${(value * 100).toFixed(1)}%`;
  return `${Math.round(value * 100)}%`;
}
