import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Static, Type } from 'typebox';
import Value from 'typebox/value';
import { parse } from 'yaml';

const only = { additionalProperties: false };
const Share = Type.Number({ minimum: 0, maximum: 100 });
const Count = Type.Integer({ minimum: 0 });
const Wrong = Type.Object({ of: Count, count: Count }, only);

/** How well verdicts were found to know, on real movement whose truth is known; shares in per cent. */
const Measured = Type.Object(
  {
    model: Type.String(),
    people: Count,
    reportedOn: Count,
    questions: Count,
    rows: Type.Array(
      Type.Object(
        {
          every: Type.String(),
          /** Of those called present, how many were there; of those who were there, how many were called present. */
          rightOf: Share,
          foundOf: Share,
          /** How many of those who were there the plainest rule finds, any fix within the radius; and a straight line between fixes. */
          fixFinds: Share,
          lineFinds: Share,
          lineRight: Share,
          /** Of those who were not there, how many were excluded. */
          excluded: Share,
        },
        only,
      ),
    ),
    wronglyExcluded: Type.Object({ windows: Wrong, moments: Wrong, clockAMinuteOut: Wrong }, only),
  },
  only,
);

export const measured: Static<typeof Measured> = Value.Parse(
  Measured,
  parse(readFileSync(join(import.meta.dirname, 'measured.yaml'), 'utf8')),
);
