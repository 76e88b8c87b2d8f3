import type { Statement } from './statements.ts';

const codes: Record<string, string> = { none: 'none', some: 'low', harmful: 'moderate', dependent: 'high' };

/** The health service's FHIR R4 bundle: UK Core patients, and screenings for substance use that refer to them. */
export function* healthBundle(patients: Iterable<Statement>): Generator<string> {
  yield '{"resourceType":"Bundle","type":"collection","entry":[';
  let first = true;
  const entry = (resource: object) => {
    const text = `${first ? '' : ','}\n${JSON.stringify({ fullUrl: `urn:waymark-town:${(resource as { id: string }).id}`, resource })}`;
    first = false;
    return text;
  };
  for (const patient of patients) {
    const given = [patient.forename, patient.forename ? patient.middleName : null].filter(Boolean);
    yield entry({
      resourceType: 'Patient',
      id: patient.key,
      meta: { profile: ['https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient'] },
      ...(patient.ethnicity
        ? {
            extension: [
              {
                url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory',
                valueCodeableConcept: { coding: [{ display: patient.ethnicity }] },
              },
            ],
          }
        : {}),
      identifier: patient.nhs ? [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: patient.nhs }] : [],
      name: [
        { use: 'official', ...(patient.surname ? { family: patient.surname } : {}), given },
        ...(patient.knownAs ? [{ use: 'nickname', given: [patient.knownAs] }] : []),
        ...(patient.surnameBefore ? [{ use: 'maiden', family: patient.surnameBefore }] : []),
      ],
      telecom: [
        ...(patient.phone ? [{ system: 'phone', value: patient.phone, use: 'mobile' }] : []),
        ...(patient.email ? [{ system: 'email', value: patient.email }] : []),
      ],
      ...(patient.sex ? { gender: patient.sex === 'f' ? 'female' : 'male' } : {}),
      ...(patient.born ? { birthDate: patient.born } : {}),
      address: [
        ...(patient.address || patient.postcode
          ? [{ use: 'home', line: patient.address ? [patient.address] : [], ...(patient.postcode ? { postalCode: patient.postcode } : {}) }]
          : []),
        ...(patient.addressBefore ? [{ use: 'old', line: [patient.addressBefore], postalCode: patient.postcodeBefore }] : []),
      ],
    });
    for (const [i, { kind, value, on }] of patient.circumstances.entries()) {
      if (kind !== 'substance use') continue;
      yield entry({
        resourceType: 'Observation',
        id: `${patient.key}-o${i}`,
        status: 'final',
        code: { text: 'Substance use screening' },
        subject: { reference: `Patient/${patient.key}` },
        effectiveDateTime: on,
        valueCodeableConcept: { text: codes[value] },
      });
    }
  }
  yield '\n]}\n';
}
