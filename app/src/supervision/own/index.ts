export { endReminders } from './end-reminders.ts';
export {
  askSupervision,
  type OwnSupervision,
  type OwnZone,
  readOwnDay,
  readOwnSupervision,
  supervisionAccess,
  supervisionCases,
  supervisionCopy,
  supervisionHalf,
  supervisionLooks,
} from './own-supervision.ts';
