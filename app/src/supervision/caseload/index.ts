export { countTagDays } from './count-tag-days.ts';
