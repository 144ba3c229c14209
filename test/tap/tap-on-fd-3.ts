/*
 * The tap with its messages on file descriptor 3: what loads TypeScript in tests looks at process.stdout, which makes the
 * pipe behind it non-blocking. Users run JavaScript.
 */
import { main, tapHost } from '../../src/tap/main.ts';

process.exit(await main({ ...tapHost('tap-dynamodb', process.argv.slice(2)), messagesFd: 3 }));
