import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { InvalidError } from '../../platform/action.ts';
import { actorOf } from '../../web/actor-of.ts';
import { Id, idIn, invalidIn, textsOf } from '../../web/form.ts';
import type { WebKit } from '../../web/kit.ts';
import { fileNameOf, keyName, readEvidencePack, Sealer, sha256Of, writeStatementOf } from '../evidence/index.ts';
import type { VerdictStore } from '../verdicts/index.ts';
import { pdfOf } from './pdf-of.ts';
import { initialsOf, readWitness } from './read-witness.ts';
import { writeStatement } from './write-statement.ts';

/** A witness statement from an evidence pack: pages. */
export function statementRoutes(app: FastifyInstance, web: WebKit, given: { verdicts: VerdictStore; secondReview: boolean }): void {
  const { performer, fixes, timeZone, folder, config } = web.waymark;
  const libreOffice = config.WAYMARK_LIBREOFFICE;
  const services = { fixes, timeZone, verdicts: given.verdicts, secondReview: given.secondReview, sealer: Sealer.of(folder) };
  const statementPage = async (request: FastifyRequest, reply: FastifyReply, error: InvalidError | null, draft: object) => {
    const pack = await performer.perform(actorOf(request), readEvidencePack, services, { id: idIn(request) });
    return web.page(request, error ? reply.code(400) : reply, 'supervision/statement/statement.njk', {
      ...pack,
      canPdf: libreOffice !== undefined,
      draft,
      error: error ? { text: error.message, field: error.field } : null,
    });
  };
  app.get('/evidence/:id/statement', { config: { action: 'evidence.read' }, schema: { params: Id } }, (request, reply) => {
    const { name } = actorOf(request);
    return statementPage(request, reply, null, { name, initials: initialsOf(name) });
  });
  app.post('/evidence/:id/statement', { config: { action: 'statement.write' }, schema: { params: Id } }, async (request, reply) => {
    const [name, occupation, organisation, initials, as] = textsOf(request.body, 'name', 'occupation', 'organisation', 'initials', 'as');
    try {
      const witness = readWitness({ name, occupation, organisation, initials });
      const pack = await performer.perform(actorOf(request), writeStatementOf, services, { id: idIn(request) });
      const signed = await services.sealer.sign(pack.content);
      const own = fileNameOf(pack.content);
      const exhibits = [
        {
          name: `${own}.html`,
          what: 'Evidence pack: maps, plot, positions, method and limits, with its data and seal',
          sha256: sha256Of(pack.file),
        },
        { name: `${own}.jws`, what: 'The same data, signed (JSON Web Signature)', sha256: sha256Of(signed) },
        ...(pack.stamp
          ? [
              {
                name: `${own}.tsr`,
                what: `Time stamp (RFC 3161) of the signed data by ${pack.stamp.authority}, ${pack.stamp.stampedAt.toISOString()}`,
                sha256: sha256Of(pack.stamp.answer),
              },
            ]
          : []),
      ];
      const file = await writeStatement({ content: pack.content, witness, exhibits, key: keyName(services.sealer.key) });
      const called = own.replace('evidence', 'statement');
      if (as === 'pdf' && libreOffice !== undefined)
        return reply
          .header('cache-control', 'no-store')
          .header('content-disposition', `attachment; filename="${called}.pdf"`)
          .type('application/pdf')
          .send(await pdfOf(file, libreOffice));
      return reply
        .header('cache-control', 'no-store')
        .header('content-disposition', `attachment; filename="${called}.docx"`)
        .type('application/vnd.openxmlformats-officedocument.wordprocessingml.document')
        .send(file);
    } catch (error) {
      return statementPage(request, reply, invalidIn(error), { name, occupation, organisation, initials });
    }
  });
}
