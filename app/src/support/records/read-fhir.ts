import type { RowProblem } from '../schema/tables.ts';
import type { RawRow } from './mapping.ts';
import { FileFault, nestedRow, type RowSource } from './raw-rows.ts';
import { parseJsonFile } from './read-json.ts';

type Loose = Record<string, unknown>;

const nhsSystem = 'https://fhir.nhs.uk/Id/nhs-number';
const ethnicCategory = 'Extension-UKCore-EthnicCategory';
/** Confidentiality that keeps a resource from being passed on: restricted and very restricted (v3 Confidentiality). */
const restricted = new Set(['R', 'V']);
/** What was observed and stands (FHIR R4, ObservationStatus). */
const standing = new Set(['', 'final', 'amended', 'corrected']);

/**
 * The patients of a FHIR R4 bundle (UK Core), each as one row with the columns `id`, `identifier`, `nhs`, `family`, `given`,
 * `otherGiven`, `nickname`, `maiden`, `phone`, `email`, `gender`, `birthDate`, `address`, `postcode`, `oldAddress`,
 * `oldPostcode`, `ethnicity`, and the list `observations` of what was observed of the patient, conditions and components among it:
 * `code` (in words, or as coded), `coding`, `value`, `valueCoding`, `on`.
 *
 * What FHIR says of a statement's standing is heeded: what was entered in error, cancelled or refuted says nothing; nor does a
 * patient who is dead, no longer active or replaced by another; what is labelled restricted is left where it is.
 */
export async function readFhir(path: string, today = new Date().toISOString().slice(0, 10)): Promise<RowSource> {
  const bundle = await parseJsonFile(path);
  if (!isObject(bundle) || bundle.resourceType !== 'Bundle' || !Array.isArray(bundle.entry)) {
    throw new FileFault('The file is no FHIR bundle: it has no resourceType "Bundle" with entries.');
  }
  const problems: RowProblem[] = [];
  const unread: Record<string, number> = {};
  const leaveOut = (kind: string) => {
    unread[kind] = (unread[kind] ?? 0) + 1;
  };
  const refuse = (row: number, column: string, value: string, message: string) =>
    problems.push({ row, column, value: value.slice(0, 80), message, refused: true });
  const patients = new Map<string, { place: number; patient: Loose }>();
  const known = new Map<string, string>();
  const entries = (bundle.entry as unknown[]).map((entry, i) => {
    if (!isObject(entry) || !isObject(entry.resource)) refuse(i + 1, 'entry', '', 'The entry holds no resource. It was left out.');
    return {
      place: i + 1,
      fullUrl: isObject(entry) ? textOf(entry.fullUrl) : '',
      resource: isObject(entry) && isObject(entry.resource) ? entry.resource : {},
    };
  });
  readPatients(entries, patients, known, refuse, leaveOut);
  const observed = new Map<string, Observed[]>();
  for (const { place, resource } of entries) {
    const kind = textOf(resource.resourceType);
    if (kind === 'Patient' || kind === '') continue;
    if (kind !== 'Observation' && kind !== 'Condition') {
      leaveOut(kind);
      continue;
    }
    if (isRestricted(resource)) {
      leaveOut(`${kind}, restricted`);
      continue;
    }
    const patient = subjectOf(resource, known);
    if (patient === undefined) {
      const reference = textOf((resource.subject as Loose | undefined)?.reference);
      refuse(
        place,
        'subject.reference',
        reference,
        'The observation refers to a patient who is not in the bundle. It was left out; send both together.',
      );
      continue;
    }
    // Of somebody who was not read nothing is.
    if (patient === '') {
      leaveOut(`${kind} of a patient who was not read`);
      continue;
    }
    const found = kind === 'Observation' ? observationsIn(resource) : conditionsIn(resource);
    if (typeof found === 'string') leaveOut(`${kind}, ${found}`);
    else observed.set(patient, [...(observed.get(patient) ?? []), ...found]);
  }
  function* rows(): Generator<RawRow> {
    for (const [id, { place, patient }] of patients)
      yield nestedRow(place, { ...flat(patient, id, today), observations: observed.get(id) ?? [] });
  }
  return { columns: null, rows: rows(), problems, unread };
}

interface Entry {
  place: number;
  fullUrl: string;
  resource: Loose;
}

/** The patients of a bundle by their id, and under which names the others of it know them; '' for whoever is not read. */
function readPatients(
  entries: readonly Entry[],
  patients: Map<string, { place: number; patient: Loose }>,
  known: Map<string, string>,
  refuse: (row: number, column: string, value: string, message: string) => void,
  leaveOut: (kind: string) => void,
): void {
  for (const { place, fullUrl, resource } of entries) {
    if (resource.resourceType !== 'Patient') continue;
    const identifiers = list(resource.identifier)
      .map(({ value }) => textOf(value))
      .filter(Boolean);
    const id = textOf(resource.id) || fullUrl.replace(/^urn:uuid:/, '') || identifiers[0];
    if (!id) {
      refuse(place, 'id', '', 'The patient has neither an id, nor a fullUrl, nor an identifier. Give each one.');
      continue;
    }
    if (isRestricted(resource)) {
      leaveOut('Patient, restricted');
      continue;
    }
    const gone = goneOf(resource);
    for (const name of [`Patient/${id}`, fullUrl, ...identifiers]) if (name) known.set(name, gone === null ? id : '');
    if (gone !== null) refuse(place, 'Patient', '', gone);
    else if (patients.has(id)) refuse(place, 'id', id, 'Two patients of the bundle have this id. The first was read.');
    else patients.set(id, { place, patient: resource });
  }
}

interface Observed {
  code: string;
  coding: string;
  value: string;
  valueCoding: string;
  on: string;
}

/** What an observation says, its components too; or why it says nothing. */
function observationsIn(resource: Loose): Observed[] | string {
  const status = textOf(resource.status);
  if (!standing.has(status)) return status;
  const on = dayOf(
    resource.effectiveDateTime ?? (resource.effectivePeriod as Loose | undefined)?.start ?? resource.effectiveInstant ?? resource.issued,
  );
  const own = observedIn(resource, on);
  const parts = list(resource.component).flatMap((component) => observedIn(component, on));
  return own.length + parts.length === 0 ? 'without a value' : [...own, ...parts];
}

function observedIn(resource: Loose, on: string): Observed[] {
  const concept = isObject(resource.valueCodeableConcept) ? resource.valueCodeableConcept : undefined;
  const quantity = isObject(resource.valueQuantity) ? resource.valueQuantity : undefined;
  const value = concept
    ? wordsOf(concept)
    : textOf(quantity ? quantity.value : (resource.valueString ?? resource.valueInteger ?? resource.valueBoolean));
  if (value === '') return [];
  return [{ ...codeOf(resource.code), value, valueCoding: codingOf(concept), on }];
}

/** A condition stands as what it is, with its clinical status as the value. */
function conditionsIn(resource: Loose): Observed[] | string {
  const verified = codingOf(resource.verificationStatus);
  if (['entered-in-error', 'refuted'].includes(verified)) return verified;
  const status = codingOf(resource.clinicalStatus) || wordsOf(resource.clinicalStatus);
  const on = dayOf(resource.onsetDateTime ?? resource.recordedDate);
  return [{ ...codeOf(resource.code), value: status || 'active', valueCoding: '', on }];
}

function codeOf(concept: unknown): { code: string; coding: string } {
  return { code: wordsOf(concept), coding: codingOf(concept) };
}

/** A coded concept in words: its text, else what the coding is displayed as, else the code. */
function wordsOf(concept: unknown): string {
  if (!isObject(concept)) return '';
  const [coding] = list(concept.coding)
    .filter(({ userSelected }) => userSelected === true)
    .concat(list(concept.coding));
  return textOf(concept.text) || textOf(coding?.display) || textOf(coding?.code);
}

function codingOf(concept: unknown): string {
  return isObject(concept) ? textOf(list(concept.coding)[0]?.code) : '';
}

/** Whom a resource is about: the patient's id, '' for one who was not read, undefined for one who is not in the bundle. */
function subjectOf({ subject, patient }: Loose, known: ReadonlyMap<string, string>): string | undefined {
  const reference = isObject(subject) ? subject : isObject(patient) ? patient : {};
  const written = textOf(reference.reference);
  const relative = /Patient\/[^/]+/.exec(written)?.[0] ?? '';
  const identifier = isObject(reference.identifier) ? textOf(reference.identifier.value) : '';
  return known.get(written) ?? known.get(relative) ?? (identifier ? known.get(identifier) : undefined);
}

function isRestricted({ meta }: Loose): boolean {
  return isObject(meta) && list(meta.security).some(({ code }) => restricted.has(textOf(code)));
}

/** Why a patient is not taken in; null for one who is. */
function goneOf(patient: Loose): string | null {
  if (patient.deceasedBoolean === true || textOf(patient.deceasedDateTime) !== '')
    return 'The record says that the person has died. Nothing of it was read, and what was said before counts no more.';
  if (patient.active === false) return 'The record is marked as no longer in use. It was left out.';
  if (list(patient.link).some(({ type }) => type === 'replaced-by'))
    return 'The record was replaced by another. It was left out; the other one counts.';
  return null;
}

function flat(patient: Loose, id: string, today: string): Record<string, string> {
  const isOver = ({ period }: Loose) => isObject(period) && textOf(period.end) !== '' && dayOf(period.end) < today;
  const names = list(patient.name).map((name) => ({ ...name, ...(isOver(name) ? { use: 'old' } : {}) })) as Loose[];
  const official =
    names.find(({ use }) => use === 'official') ??
    names.find(({ use }) => use === 'usual') ??
    names.find(({ use }) => !['old', 'maiden', 'nickname', 'temp', 'anonymous'].includes(textOf(use))) ??
    {};
  const [first = '', ...others] = givenIn(official);
  const whole = textOf(official.text).trim();
  const family = textOf(official.family) || (whole.split(/\s+/).at(-1) ?? '');
  const current = list(patient.telecom).filter((entry) => !isOver(entry) && entry.use !== 'old');
  const telecom = (system: string) =>
    current.filter((entry) => entry.system === system).sort((a, b) => Number(a.rank ?? 99) - Number(b.rank ?? 99))[0]?.value;
  const addresses = list(patient.address);
  const usable = addresses.filter((address) => !isOver(address) && !['old', 'temp', 'billing'].includes(textOf(address.use)));
  const home = usable.find(({ use }) => use === 'home') ?? usable[0];
  const old = addresses.find((address) => address.use === 'old' || isOver(address));
  const extension = list(patient.extension).find(({ url }) => textOf(url).endsWith(ethnicCategory));
  return {
    id,
    identifier: textOf(list(patient.identifier).find(({ system }) => system !== nhsSystem)?.value),
    nhs: textOf(list(patient.identifier).find((entry) => entry.system === nhsSystem && !isOver(entry))?.value),
    family,
    given: first || (whole && !official.family ? (whole.split(/\s+/)[0] ?? '') : ''),
    otherGiven: others.join(' '),
    nickname: givenIn(names.find(({ use }) => use === 'nickname') ?? {})[0] ?? '',
    maiden: textOf(names.find(({ use }) => use === 'maiden' || use === 'old')?.family),
    phone: textOf(telecom('phone')),
    email: textOf(telecom('email')),
    gender: textOf(patient.gender),
    birthDate: textOf(patient.birthDate),
    address: lineOf(home),
    postcode: textOf(home?.postalCode),
    oldAddress: lineOf(old),
    oldPostcode: textOf(old?.postalCode),
    ethnicity: isObject(extension) ? wordsOf(extension.valueCodeableConcept) : '',
  };
}

function givenIn({ given }: Loose): string[] {
  return Array.isArray(given) ? given.map(textOf).filter(Boolean) : [];
}

/** An address in one line: its lines, else its text. */
function lineOf(address: Loose | undefined): string {
  if (!address) return '';
  return Array.isArray(address.line) ? address.line.map(textOf).filter(Boolean).join(', ') : textOf(address.text);
}

function dayOf(value: unknown): string {
  return textOf(value).slice(0, 10);
}

function list(value: unknown): Loose[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function isObject(value: unknown): value is Loose {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}
