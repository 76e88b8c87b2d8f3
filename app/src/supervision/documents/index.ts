export { openDocument, openOwnDocument, readOwnDocuments } from './keep-documents.ts';
export { putOnFile } from './put-on-file.ts';
export { sendDocument } from './send-document.ts';
