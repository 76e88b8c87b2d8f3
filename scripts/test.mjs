import { installIfNeeded } from './install.mjs';
import { runNode } from './run.mjs';

installIfNeeded();
runNode(['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)]);
