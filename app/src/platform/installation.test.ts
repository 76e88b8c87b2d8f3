import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { temporaryFolder } from '../../test/serve-for-test.ts';
import { DataFolder } from './data-folder.ts';
import { checkWhatIsShared } from './installation.ts';

const folder = temporaryFolder();
afterAll(() => folder.remove());

test('a server that was alone brings its keys and verdicts to the folder that several share, or is told to', () => {
  const [own, shared] = ['own', 'shared'].map((name) => join(folder.path, name)) as [string, string];
  const several = new DataFolder(own, shared);
  expect(() => checkWhatIsShared(several)).not.toThrow();
  writeFileSync(join(own, 'audit-key.pem'), 'a key');
  mkdirSync(join(own, 'verdicts'));
  expect(() => checkWhatIsShared(several)).toThrow(/has audit-key\.pem, verdicts, and .*shared has not\. Copy what is in the data folder/);
  // Alone, one folder is both.
  expect(() => checkWhatIsShared(new DataFolder(own))).not.toThrow();
  copyFileSync(join(own, 'audit-key.pem'), join(shared, 'audit-key.pem'));
  mkdirSync(join(shared, 'verdicts'));
  expect(() => checkWhatIsShared(several)).not.toThrow();
});
