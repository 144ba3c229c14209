#!/usr/bin/env node
import { main, processHost } from '../app.ts';

const exit = (code: number): void => process.exit(code);
const code = await main(processHost(exit));
// A pipe takes what it is given piece by piece: the end of the process would cut the rest off.
for (const stream of [process.stdout, process.stderr]) await new Promise((resolve) => stream.write('', resolve));
exit(code);
