import type { FastifyReply } from 'fastify';
import type { OpenDocument } from './keep-documents.ts';

/** Pictures and letters are shown, everything else is given to keep: no file of anybody's runs in a page of ours. */
export function sendDocument(reply: FastifyReply, { title, mediaType, bytes }: OpenDocument): FastifyReply {
  const [kind = ''] = mediaType.split(';');
  const ending = { 'image/jpeg': 'jpg', 'image/png': 'png', 'application/pdf': 'pdf', 'text/plain': 'txt' }[kind] ?? 'bin';
  const name =
    title
      .replace(/[^\w -]+/g, '')
      .trim()
      .slice(0, 60) || 'document';
  const how = kind.startsWith('image/') || kind === 'text/plain' ? 'inline' : 'attachment';
  return reply.type(mediaType).header('content-disposition', `${how}; filename="${name}.${ending}"`).send(bytes);
}
