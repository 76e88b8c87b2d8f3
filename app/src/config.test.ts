import { expect, test } from 'vitest';
import { ConfigError, readConfig } from './config.ts';

test('a trial needs nothing, and listens to this machine only', () => {
  expect(readConfig({})).toMatchObject({ WAYMARK_HOST: '127.0.0.1', WAYMARK_PORT: 3000, WAYMARK_DEMO: 'yes', WAYMARK_SECOND_REVIEW: 'no' });
});

test('every wrong setting is named with its value; secrets are not shown', () => {
  const wrong = () => readConfig({ WAYMARK_PORT: 'eighty', WAYMARK_SECOND_REVIEW: 'maybe', WAYMARK_SESSION_SECRET: 'hunter2' });
  expect(wrong).toThrow(ConfigError);
  expect(wrong).toThrow(/WAYMARK_PORT is "eighty"/);
  expect(wrong).toThrow(/WAYMARK_SECOND_REVIEW is "maybe"/);
  expect(wrong).not.toThrow(/hunter2/);
});

test('production refuses demo accounts and says what is missing', () => {
  expect(() => readConfig({ NODE_ENV: 'production' })).toThrow(/OIDC_ISSUER.*Demo accounts are refused/s);
  const config = readConfig({
    NODE_ENV: 'production',
    OIDC_ISSUER: 'https://id.example.org',
    OIDC_CLIENT_ID: 'waymark',
    OIDC_CLIENT_SECRET: 'x',
    WAYMARK_SESSION_SECRET: 'y'.repeat(40),
    WAYMARK_PUBLIC_URL: 'https://waymark.example.org',
  });
  expect(config.WAYMARK_DEMO).toBe('no');
});

test("agencies' databases are named in the environment, and a wrong address is not shown", () => {
  const config = readConfig({ WAYMARK_AGENCY_DB_HOUSING_OFFICE: 'postgres://reader:secret@db.example/tenants' });
  expect([...config.agencyDatabases]).toEqual([['housing-office', 'postgres://reader:secret@db.example/tenants']]);
  expect(() => readConfig({ WAYMARK_AGENCY_DB_HOUSING: 'mysql://reader:hunter2@db.example' })).toThrow(
    /^(?!.*hunter2).*WAYMARK_AGENCY_DB_HOUSING is \(not shown\)/s,
  );
});

test('what several servers share is refused where there is one, and asked for where there are several', () => {
  const alone = { NODE_ENV: 'test' };
  expect(() => readConfig({ ...alone, WAYMARK_SHARED: '/shared' })).toThrow(/a server that is alone keeps everything in WAYMARK_DATA/);
  expect(() => readConfig({ ...alone, WAYMARK_ROLES: 'web' })).toThrow(/must do everything/);
  expect(() => readConfig({ ...alone, NATS_URL: 'nats://log:4222' })).toThrow(/DATABASE_URL, WAYMARK_SHARED/);
  const together = { ...alone, NATS_URL: 'nats://log:4222', DATABASE_URL: 'postgres://records/waymark', WAYMARK_SHARED: '/shared' };
  expect(readConfig({ ...together, WAYMARK_ROLES: 'web,watch' }).WAYMARK_ROLES).toBe('web,watch');
});
