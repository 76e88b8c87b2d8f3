/**
 * One description of the file, from which it is written and read: an element for each field. Names of the National Information Exchange
 * Model's core are used where it has them (`nc:`); what it has no name for has one of ours (`ot:`). The schemas of the Offender Tracking
 * Record Transfer Service Specification (2016) could not be had, so conformance with them is not claimed.
 */
export type Held = 'text' | 'time' | 'time?' | 'day' | 'day?' | 'number' | 'number?' | 'text?' | 'json';
export type Shape = { [field: string]: readonly [element: string, holds: Held | Shape | readonly [Shape]] };

const step: Shape = {
  step: ['ot:StepText', 'text'],
  outcome: ['ot:OutcomeText', 'text?'],
  note: ['nc:CommentText', 'text'],
  by: ['ot:RecordedByText', 'text'],
  at: ['nc:ActivityDateTime', 'time'],
};
export const recordShape: Shape = {
  person: [
    'nc:Person',
    {
      reference: ['ot:SubjectID', 'text'],
      name: ['nc:PersonFullName', 'text'],
      bornOn: ['nc:PersonBirthDate', 'day?'],
      alsoKnownAs: ['nc:PersonAlternateName', 'text'],
      pnc: ['ot:PoliceNationalComputerID', 'text'],
      crn: ['ot:CaseReferenceID', 'text'],
      noms: ['ot:PrisonID', 'text'],
      languages: ['nc:LanguageName', 'text'],
      atTheDoor: ['ot:VisitCautionText', 'text'],
    },
  ],
  contacts: [
    'nc:ContactInformation',
    [
      {
        who: ['nc:ContactInformationDescriptionText', 'text'],
        name: ['nc:ContactName', 'text'],
        phone: ['nc:TelephoneNumberFullID', 'text'],
        note: ['nc:CommentText', 'text'],
        by: ['ot:RecordedByText', 'text'],
        since: ['nc:StartDate', 'time'],
        ended: ['nc:EndDate', 'time?'],
      },
    ],
  ],
  addresses: [
    'nc:Address',
    [
      {
        kind: ['nc:AddressCategoryText', 'text'],
        address: ['nc:AddressFullText', 'text'],
        from: ['nc:StartDate', 'day'],
        to: ['nc:EndDate', 'day?'],
        by: ['ot:RecordedByText', 'text'],
      },
    ],
  ],
  orders: [
    'ot:SupervisionOrder',
    [
      {
        id: ['ot:RecordNumber', 'number'],
        kind: ['nc:ActivityCategoryText', 'text'],
        authority: ['nc:OrganizationName', 'text'],
        from: ['nc:StartDate', 'time'],
        to: ['nc:EndDate', 'time?'],
        conditions: ['ot:ConditionText', 'text'],
        officer: ['ot:ResponsibleOfficerName', 'text'],
        officerPhone: ['nc:TelephoneNumberFullID', 'text'],
        team: ['nc:OrganizationUnitName', 'text'],
        version: ['ot:VersionNumber', 'number'],
        versions: [
          'ot:EarlierVersion',
          [
            {
              version: ['ot:VersionNumber', 'number'],
              authority: ['nc:OrganizationName', 'text'],
              to: ['nc:EndDate', 'time?'],
              conditions: ['ot:ConditionText', 'text'],
              reason: ['nc:ActivityReasonText', 'text'],
              by: ['ot:RecordedByText', 'text'],
              at: ['nc:ActivityDateTime', 'time'],
            },
          ],
        ],
      },
    ],
  ],
  devices: ['ot:TrackingDevice', [{ serial: ['nc:ItemSerialIdentification', 'text'], model: ['nc:ItemModelName', 'text'] }]],
  wearings: [
    'ot:DeviceAssignment',
    [
      {
        id: ['ot:RecordNumber', 'number'],
        order: ['ot:OrderReference', 'number'],
        serial: ['nc:ItemSerialIdentification', 'text'],
        from: ['nc:StartDate', 'time'],
        to: ['nc:EndDate', 'time?'],
      },
    ],
  ],
  zones: [
    'ot:Zone',
    [
      {
        id: ['ot:RecordNumber', 'number'],
        orders: [
          'ot:ZoneAssignment',
          [
            {
              order: ['ot:OrderReference', 'number'],
              added: ['nc:StartDate', 'time'],
              removed: ['nc:EndDate', 'time?'],
              reason: ['nc:ActivityReasonText', 'text?'],
            },
          ],
        ],
        versions: [
          'ot:ZoneVersion',
          [
            {
              id: ['ot:RecordNumber', 'number'],
              version: ['ot:VersionNumber', 'number'],
              name: ['nc:LocationName', 'text'],
              kind: ['nc:LocationCategoryText', 'text'],
              area: ['ot:AreaText', 'json'],
              hours: ['ot:HoursText', 'json'],
              from: ['nc:StartDate', 'time'],
              to: ['nc:EndDate', 'time?'],
              reason: ['nc:ActivityReasonText', 'text'],
              by: ['ot:RecordedByText', 'text'],
              recorded: ['nc:ActivityDateTime', 'time'],
            },
          ],
        ],
      },
    ],
  ],
  absences: [
    'ot:AuthorisedAbsence',
    [
      {
        order: ['ot:OrderReference', 'number'],
        from: ['nc:StartDate', 'time'],
        to: ['nc:EndDate', 'time'],
        reason: ['nc:ActivityReasonText', 'text'],
        by: ['ot:RecordedByText', 'text'],
        recorded: ['nc:ActivityDateTime', 'time'],
      },
    ],
  ],
  alerts: [
    'ot:Alert',
    [
      {
        wearing: ['ot:AssignmentReference', 'number'],
        zoneVersion: ['ot:ZoneVersionReference', 'number?'],
        kind: ['nc:ActivityCategoryText', 'text'],
        severity: ['ot:SeverityText', 'text'],
        state: ['ot:StateText', 'text'],
        from: ['nc:StartDate', 'time'],
        to: ['nc:EndDate', 'time?'],
        outcome: ['ot:OutcomeText', 'text?'],
        facts: ['ot:BasisText', 'json'],
        steps: ['ot:AlertStep', [step]],
      },
    ],
  ],
  fixes: [
    'ot:Position',
    [
      {
        wearing: ['ot:AssignmentReference', 'number'],
        at: ['nc:ActivityDateTime', 'time'],
        receivedAt: ['ot:ReceivedDateTime', 'time'],
        lat: ['nc:GeographicCoordinateLatitude', 'number'],
        lon: ['nc:GeographicCoordinateLongitude', 'number'],
        accuracyM: ['ot:AccuracyMeters', 'number?'],
        speedMps: ['ot:SpeedMetersPerSecond', 'number?'],
        headingDeg: ['ot:HeadingDegrees', 'number?'],
        method: ['ot:MethodCode', 'number'],
        battery: ['ot:BatteryShare', 'number?'],
        seq: ['ot:SequenceNumber', 'number?'],
        events: ['ot:EventText', 'text?'],
      },
    ],
  ],
};

export const recordElement = 'ot:OffenderTrackingRecord';
export const recordNamespace = 'urn:waymark:offender-tracking-record:1';
export const coreNamespace = 'http://release.niem.gov/niem/niem-core/5.0/';
