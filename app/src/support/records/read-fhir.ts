import type { RawRow, RowProblem } from './mapping.ts';
import { FileFault, nestedRow, type RowSource } from './raw-rows.ts';
import { parseJsonFile } from './read-json.ts';

interface Resource {
  resourceType?: string;
  id?: string;
  [key: string]: unknown;
}

type Loose = Record<string, unknown> | undefined;

const nhsSystem = 'https://fhir.nhs.uk/Id/nhs-number';
const ethnicCategory = 'Extension-UKCore-EthnicCategory';

/**
 * The patients of a FHIR R4 bundle (UK Core), each as one row with the columns `id`, `nhs`, `family`, `given`,
 * `otherGiven`, `nickname`, `maiden`, `phone`, `email`, `gender`, `birthDate`, `address`, `postcode`, `oldAddress`,
 * `oldPostcode`, `ethnicity`, and the list `observations` of those that refer to the patient: `code`, `value`, `on`.
 */
export async function readFhir(path: string): Promise<RowSource> {
  const bundle = (await parseJsonFile(path)) as Loose;
  if (bundle?.resourceType !== 'Bundle' || !Array.isArray(bundle.entry)) {
    throw new FileFault('The file is no FHIR bundle: it has no resourceType "Bundle" with entries.');
  }
  const entries = bundle.entry as { fullUrl?: string; resource?: Resource }[];
  const problems: RowProblem[] = [];
  const patients = new Map<string, { place: number; patient: Resource }>();
  const known = new Map<string, string>();
  for (const [i, { fullUrl, resource }] of entries.entries()) {
    if (resource?.resourceType !== 'Patient' || typeof resource.id !== 'string') continue;
    patients.set(resource.id, { place: i + 1, patient: resource });
    known.set(`Patient/${resource.id}`, resource.id);
    if (fullUrl) known.set(fullUrl, resource.id);
  }
  const observed = new Map<string, object[]>();
  for (const [i, { resource }] of entries.entries()) {
    if (resource?.resourceType !== 'Observation') continue;
    const reference = textOf((resource.subject as Loose)?.reference);
    const patient = known.get(reference);
    if (patient === undefined) {
      const message = 'The observation refers to a patient who is not in the bundle. It was left out; send both together.';
      problems.push({ row: i + 1, column: 'subject.reference', value: reference.slice(0, 80), message, refused: true });
      continue;
    }
    const list = observed.get(patient) ?? [];
    list.push({
      code: textOf((resource.code as Loose)?.text),
      value: textOf((resource.valueCodeableConcept as Loose)?.text ?? resource.valueString ?? (resource.valueQuantity as Loose)?.value),
      on: textOf(resource.effectiveDateTime).slice(0, 10),
    });
    observed.set(patient, list);
  }
  function* rows(): Generator<RawRow> {
    for (const [id, { place, patient }] of patients) yield nestedRow(place, { ...flat(patient), observations: observed.get(id) ?? [] });
  }
  return { columns: null, rows: rows(), problems };
}

function flat(patient: Resource): Record<string, string> {
  const list = (value: unknown) => (Array.isArray(value) ? (value as Record<string, unknown>[]) : []);
  const names = list(patient.name);
  const official = names.find(({ use }) => use === 'official') ?? names.find(({ use }) => use === 'usual') ?? names[0];
  const given = (name: Loose) => (Array.isArray(name?.given) ? (name.given as unknown[]).map(textOf) : []);
  const telecom = (system: string) => list(patient.telecom).find((entry) => entry.system === system)?.value;
  const addresses = list(patient.address);
  const home = addresses.find(({ use }) => use === 'home') ?? addresses.find(({ use }) => use !== 'old');
  const old = addresses.find(({ use }) => use === 'old');
  const line = (address: Loose) => (Array.isArray(address?.line) ? (address.line as unknown[]).map(textOf).join(', ') : '');
  const extension = list(patient.extension).find(({ url }) => textOf(url).endsWith(ethnicCategory));
  const coding = list((extension?.valueCodeableConcept as Loose)?.coding)[0];
  const [first = '', ...others] = given(official);
  return {
    id: textOf(patient.id),
    nhs: textOf(list(patient.identifier).find(({ system }) => system === nhsSystem)?.value),
    family: textOf(official?.family),
    given: first,
    otherGiven: others.join(' '),
    nickname: given(names.find(({ use }) => use === 'nickname'))[0] ?? '',
    maiden: textOf(names.find(({ use }) => use === 'maiden' || use === 'old')?.family),
    phone: textOf(telecom('phone')),
    email: textOf(telecom('email')),
    gender: textOf(patient.gender),
    birthDate: textOf(patient.birthDate),
    address: line(home),
    postcode: textOf(home?.postalCode),
    oldAddress: line(old),
    oldPostcode: textOf(old?.postalCode),
    ethnicity: textOf(coding?.display ?? coding?.code),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : '';
}
