export { keepProposal } from './keep-proposal.ts';
