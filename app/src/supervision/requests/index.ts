export { askRequest, readOwnRequests, withdrawRequest } from './own-requests.ts';
export { requestKinds } from './request.ts';
