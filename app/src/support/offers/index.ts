export { makeOffer } from './make-offer.ts';
export { readNotice } from './read-notice.ts';
export { type PackageLine, packagesOf } from './read-package.ts';
export { anchorOf, approveDelay, askForDelay, type NoticeView, noticesOf, recordNotice, type Told, toldBy } from './tell.ts';
