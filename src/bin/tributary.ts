#!/usr/bin/env node
import { main, outputWritten, processHost } from '../app.ts';

const exit = (code: number): void => process.exit(code);
const code = await main(processHost(exit));
await outputWritten();
exit(code);
