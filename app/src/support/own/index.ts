export {
  askSupport,
  challengeOwn,
  comeBack,
  type OwnSupport,
  readOwnSupport,
  supportAccess,
  supportCases,
  supportCopy,
  supportHalf,
  supportLooks,
  withdraw,
} from './own-support.ts';
