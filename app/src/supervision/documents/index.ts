export { openDocument, openOwnDocument, readOwnDocuments } from './keep-documents.ts';
export { sendDocument } from './send-document.ts';
