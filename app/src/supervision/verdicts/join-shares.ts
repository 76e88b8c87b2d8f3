import { GatheredParts, toldOfParts } from '@waymark/presence';
import { askedOf, outputOf, type RunInputs, type RunOutput } from './compute-run.ts';
import type { OpenShare } from './share-file.ts';
import type { AppendPart } from './verdict-store.ts';

/** What the shares of a run come to, in order of wearing; each piece of a part is taken over as its server packed it. */
export async function joinShares(shares: readonly OpenShare[], inputs: RunInputs, plannedAt: Date, append: AppendPart): Promise<RunOutput> {
  const asked = askedOf(inputs);
  const parts = shares[0]?.parts ?? 0;
  const gathered = new GatheredParts(asked.crimes.length, parts);
  let verdicts = 0;
  const readPart = (part: number) => Promise.all(shares.map((share) => share.read(part)));
  let next = readPart(0);
  for (let part = 0; part < parts; part++) {
    const pieces = await next;
    // Unpacked while this one is looked through.
    if (part + 1 < parts) {
      next = readPart(part + 1);
      // Told where it is awaited, and not as nobody's before.
      next.catch(() => undefined);
    }
    gathered.take(toldOfParts(pieces));
    for (const [i, piece] of pieces.entries()) {
      verdicts += piece.weighed.rows + piece.ruledOut.rows;
      await append(piece, (into) => (shares[i] as OpenShare).copy(part, into));
    }
  }
  const read = shares.flatMap(({ hashes }) => hashes);
  const fixes = shares.reduce((sum, share) => sum + share.fixes, 0);
  return outputOf(inputs, asked, read, { ...gathered.result(), fixes, verdicts, tookMs: Date.now() - plannedAt.getTime() });
}
