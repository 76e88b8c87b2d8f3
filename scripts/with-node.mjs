import { installIfNeeded } from './install.mjs';
import { runNode } from './run.mjs';

/** `with-node.mjs FILE ARGS…` runs a file on the pinned Node; `--vitest ARGS…` runs the test runner. */
installIfNeeded();
const [first, ...rest] = process.argv.slice(2);
runNode(first === '--vitest' ? ['node_modules/vitest/vitest.mjs', ...rest] : [first, ...rest]);
