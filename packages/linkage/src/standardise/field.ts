import { type Static, Type } from 'typebox';

const Name = Type.String({ minLength: 1, maxLength: 200 });

export const standards = [
  'name',
  'text',
  'code',
  'date',
  'postcode',
  'phone',
  'email',
  'nhs',
  'upn',
  'nino',
  'pnc',
  'cro',
  'as it is',
] as const;

export const Field = Type.Object(
  {
    name: Name,
    /** Columns of the input. Several are joined with a space, or with `list` give one value each. */
    from: Type.Array(Name, { minItems: 1 }),
    standard: Type.Enum(standards),
    /** Holds several values; a column is split at `;` and `|`. */
    list: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export type Field = Static<typeof Field>;
