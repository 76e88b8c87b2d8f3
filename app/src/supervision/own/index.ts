export {
  askSupervision,
  type OwnSupervision,
  readOwnDay,
  readOwnSupervision,
  supervisionAccess,
  supervisionCases,
  supervisionCopy,
  supervisionHalf,
  supervisionLooks,
} from './own-supervision.ts';
